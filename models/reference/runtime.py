"""Runs an exported network in ONNX Runtime, for runtime_test.go.

usage: runtime.py FOLDER

FOLDER/task.json: {"unsigned": bool, "values": [{"tensor", "shape": [H, W, C]}, ...]}
FOLDER/network.onnx, FOLDER/input: float32 NCHW
FOLDER/0, 1, ...: the integers of values[0], values[1], ..., int8 HWC

writes FOLDER/output, float32, of the whole network, and, where there are
values (of a network that is not unsigned), FOLDER/0.out, 1.out, ...: what each layer makes when it is given these
integers as its input, and not those that the layer before it made.
"""
import json, pathlib, sys
import numpy as np, onnx, onnxruntime

folder = pathlib.Path(sys.argv[1])
task = json.loads((folder / "task.json").read_text())
values = task["values"]

options = onnxruntime.SessionOptions()
options.log_severity_level = 3
options.intra_op_num_threads = 1
# Unless told otherwise, on x86-64, it makes uint8 of int8, and sums of two
# products saturate where the processor has no VNNI.
wish = "session.x64quantprecision" if task["unsigned"] else "session.qdqisint8allowed"
options.add_session_config_entry(wish, "1")


def run(model, inputs):
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return dict(zip([o.name for o in session.get_outputs()], session.run(None, inputs)))


model = onnx.load(folder / "network.onnx")
onnx.checker.check_model(model, full_check=True)
side = model.graph.input[0].type.tensor_type.shape.dim[2].dim_value
picture = np.fromfile(folder / "input", np.float32).reshape(1, 3, side, side)
[output] = run(model, {"input": picture}).values()
output.astype(np.float32).tofile(folder / "output")

if values:
    # Cut between layers: what reads integers reads an input of that shape.
    inputs, shapes = {"input": picture}, {}
    for i, v in enumerate(values):
        h, w, c = v["shape"]
        shapes[v["tensor"]] = (1, c, h, w)
        inputs[v["tensor"] + ".given"] = np.fromfile(folder / str(i), np.int8).reshape(1, h, w, c).transpose(0, 3, 1, 2)
    for node in model.graph.node:
        if node.op_type == "DequantizeLinear" and node.input[0] in shapes:
            node.input[0] += ".given"
    del model.graph.output[:]
    for name, shape in shapes.items():
        model.graph.input.append(onnx.helper.make_tensor_value_info(name + ".given", onnx.TensorProto.INT8, shape))
        model.graph.output.append(onnx.helper.make_tensor_value_info(name, onnx.TensorProto.INT8, shape))
    out = run(model, inputs)
    for i, v in enumerate(values):
        out[v["tensor"]].transpose(0, 2, 3, 1).tofile(folder / f"{i}.out")
