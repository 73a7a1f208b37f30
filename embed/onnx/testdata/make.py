#!/usr/bin/env python3
"""Writes the ONNX files here, and what ONNX Runtime makes of them.

The files come from the onnx package, not from this repository's writer, so that
the reader meets what others write. Run by hand when a case is added:

    python3 -m venv /tmp/onnx-cases
    /tmp/onnx-cases/bin/pip install onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
    /tmp/onnx-cases/bin/python embed/onnx/testdata/make.py

The input of every case is the formula in pixels(), also in golden_test.go.
"""

import json
import pathlib

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

HERE = pathlib.Path(__file__).resolve().parent
random = np.random.Generator(np.random.PCG64(1))


def weight(name, *shape, raw=True):
    v = random.normal(0, 1 / np.sqrt(max(1, np.prod(shape[1:]))), shape).astype(np.float32)
    if raw:
        return numpy_helper.from_array(v, name)
    return helper.make_tensor(name, TensorProto.FLOAT, shape, v.ravel().tolist())


def positive(name, n):
    return numpy_helper.from_array((0.5 + random.random(n)).astype(np.float32), name)


def node(op, inputs, output, **attrs):
    return helper.make_node(op, inputs, [output], name="n_" + output, **attrs)


def number(name, v):
    return numpy_helper.from_array(np.float32(v), name)


def shape(name, *v):
    return numpy_helper.from_array(np.array(v, np.int64), name)


def pixels(side):
    y, x, c = np.meshgrid(np.arange(side), np.arange(side), np.arange(3), indexing="ij")
    return ((x * 37 + y * 59 + c * 83 + x * y * 7) % 256).astype(np.uint8)


CASES = {}


def case(name, opset, side, nodes, tensors, output, ir=8, batch="N", listed=False, values=()):
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, [batch, 3, side, side])]
    if listed:
        inputs += [helper.make_tensor_value_info(t.name, t.data_type, t.dims) for t in tensors]
    graph = helper.make_graph(
        nodes, name, inputs, [helper.make_empty_tensor_value_info(output)], tensors, value_info=list(values)
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=ir)
    model = onnx.shape_inference.infer_shapes(model)
    onnx.checker.check_model(model)
    data = model.SerializeToString()
    (HERE / f"{name}.onnx").write_bytes(data)
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    x = ((pixels(side).astype(np.float32) - 127) / 128).transpose(2, 0, 1)[None]
    y = session.run(None, {"x": x})[0]
    if y.ndim == 4:
        y = y.transpose(0, 2, 3, 1)
    CASES[name] = {"shape": list(y.shape[1:]), "output": [float(str(v)) for v in y.ravel()]}


# A bottleneck as PyTorch exports it: clip bounds from Constant nodes, dropout,
# a flattened mean and a transposed Gemm.
case("mobile", 13, 12, [
    node("Conv", ["x", "w0"], "c0", kernel_shape=[3, 3], strides=[2, 2], pads=[0, 0, 1, 1]),
    node("BatchNormalization", ["c0", "g0", "b0", "m0", "v0"], "bn0", epsilon=1e-3),
    node("Constant", [], "zero", value=number("z", 0)),
    node("Constant", [], "six", value=number("s", 6)),
    node("Clip", ["bn0", "zero", "six"], "a0"),
    node("Conv", ["a0", "w1", "bias1"], "c1", group=8, pads=[1, 1, 1, 1]),
    node("Relu", ["c1"], "a1"),
    node("Conv", ["a1", "w2"], "c2"),
    node("Add", ["c2", "a0"], "sum"),
    node("GlobalAveragePool", ["sum"], "pool"),
    node("Flatten", ["pool"], "flat"),
    node("Dropout", ["flat"], "drop"),
    node("Gemm", ["drop", "fc", "fcb"], "y", transB=1),
], [weight("w0", 8, 3, 3, 3), positive("g0", 8), weight("b0", 8), weight("m0", 8), positive("v0", 8),
    weight("w1", 8, 1, 3, 3), weight("bias1", 8), weight("w2", 8, 8, 1, 1),
    weight("fc", 5, 8), weight("fcb", 5)], "y")

# TensorFlow's paddings, both ways round, on odd and even sides.
case("same", 11, 13, [
    node("Conv", ["x", "w0"], "c0", auto_pad="SAME_UPPER", strides=[2, 2]),
    node("Conv", ["c0", "w1"], "c1", auto_pad="SAME_LOWER", strides=[2, 3]),
    node("Conv", ["c1", "w2"], "y", auto_pad="VALID"),
], [weight("w0", 4, 3, 4, 4), weight("w1", 6, 4, 3, 2), weight("w2", 2, 6, 2, 1)], "y", batch=1)

# Groups, dilation, a kernel that is not square; numbers as float_data.
case("grouped", 12, 14, [
    node("Conv", ["x", "w0", "b0"], "c0", group=3, dilations=[2, 1], pads=[2, 0, 2, 1], strides=[1, 2]),
    node("Conv", ["c0", "w1"], "c1", group=2, dilations=[1, 2]),
    node("Identity", ["c1"], "y"),
], [weight("w0", 6, 1, 3, 2, raw=False), weight("b0", 6, raw=False), weight("w1", 8, 3, 2, 3)], "y")

# The oldest forms: clip bounds as attributes, axes as an attribute, weights
# listed as inputs too.
case("oldest", 7, 9, [
    node("Conv", ["x", "w0"], "c0", pads=[1, 1, 1, 1]),
    node("Clip", ["c0"], "a0", min=0.0, max=6.0),
    node("BatchNormalization", ["a0", "g", "b", "m", "v"], "bn"),
    node("ReduceMean", ["bn"], "pool", axes=[2, 3]),
    node("Reshape", ["pool", "to"], "flat"),
    node("Gemm", ["flat", "fc", "fcb"], "y", alpha=0.5, beta=2.0),
], [weight("w0", 4, 3, 3, 3), positive("g", 4), weight("b", 4), weight("m", 4), positive("v", 4),
    shape("to", 1, -1), weight("fc", 4, 3), weight("fcb", 1, 3)], "y", ir=3, listed=True, batch=1)

# The newest: axes as an input, the mean without its dimensions, shared and
# forwarded constants, training mode given and false.
case("newest", 21, 10, [
    node("Identity", ["w1"], "w1again"),
    node("Conv", ["x", "w0"], "c0", pads=[1, 1, 1, 1]),
    node("Clip", ["c0", "lo"], "a0"),
    node("Conv", ["a0", "w1"], "c1"),
    node("Conv", ["c1", "w1again"], "c2"),
    helper.make_node("Dropout", ["c2", "ratio", "mode"], ["drop", "mask"], name="n_drop"),
    node("ReduceMean", ["drop", "axes"], "y", keepdims=0),
], [weight("w0", 4, 3, 3, 3), weight("w1", 4, 4, 1, 1), number("lo", 0), number("ratio", 0.5),
    numpy_helper.from_array(np.array(False), "mode"), shape("axes", -1, -2)], "y", ir=10)

(HERE / "golden.json").write_text(json.dumps(CASES, indent=1) + "\n")
