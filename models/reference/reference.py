#!/usr/bin/env python3
"""Writes reference.json: what ONNX Runtime makes of the float networks.

The Go tests compare this repository's float32 and int8 networks with it. It is
run by hand when a network changes, and only then:

    python3 -m venv /tmp/reference
    /tmp/reference/bin/pip install onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
    go run ./models/make -float /tmp/reference
    /tmp/reference/bin/python models/reference/reference.py /tmp/reference

The inputs are formulas in integers (see pixel; models/reference_test.go has the
same ones), so that no picture has to be kept and both sides see the same bytes.
"""

import hashlib
import json
import pathlib
import re
import sys

import numpy as np
import onnx
import onnxruntime

HERE = pathlib.Path(__file__).resolve().parent

# Model, its network, its side, inputs, and whether values inside are written.
MODELS = [
    ("efficientnet-lite0-224", "efficientnet-lite0", 224, [0, 1, 2, 3], True),
    ("efficientnet-lite0-160", "efficientnet-lite0", 160, [1, 3], True),
    ("efficientnet-lite2-260", "efficientnet-lite2", 260, [1, 3], False),
]


def pixel(k, x, y, c, side):
    """Channel c of input k at column x and row y, 0 to 255. Arrays of int64."""
    if k == 0:  # slopes
        return ((c + 1) * x + (3 - c) * y) * 255 // (4 * (side - 1))
    if k == 1:  # rings
        r = (x - 80) ** 2 + (y - 120 + 8 * c) ** 2
        return np.abs(r // 12 % 510 - 255)
    if k == 2:  # tiles
        return ((x // 28) * 37 + (y // 28) * 91 + c * 53) % 256
    # noise over a slope
    h = (x * 7919 + y * 104729 + c * 1299709) % 65521
    return (x + y) * 191 // (2 * (side - 1)) + h * h % 65521 % 65


def input_bytes(k, side):
    y, x, c = np.meshgrid(np.arange(side), np.arange(side), np.arange(3), indexing="ij")
    p = pixel(k, x, y, c, side)
    assert p.min() >= 0 and p.max() <= 255
    return p.astype(np.uint8)


def number(v):
    """A decimal near enough: six digits."""
    return float(f"{v:.6g}")


def reference(name, path, side, inputs, inside):
    data = path.read_bytes()
    model = onnx.load_model_from_string(data)
    onnx.checker.check_model(model, full_check=True)
    for dim in model.graph.input[0].type.tensor_type.shape.dim[2:]:
        dim.dim_value = side
    del model.graph.value_info[:]

    # A block ends in its addition, or in its last batch normalization.
    names = [n.output[0] for n in model.graph.node]
    probes = ["stem"]
    block = 0
    while any(n.startswith(f"_blocks.{block}.") for n in names):
        add = f"_blocks.{block}.add"
        probes.append(add if add in names else f"_blocks.{block}._bn2")
        block += 1
    probes.append("head")
    for probe in probes + ["mean"]:
        model.graph.output.append(onnx.helper.make_empty_tensor_value_info(probe))

    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])

    out = {"model": name, "onnx_sha256": hashlib.sha256(data).hexdigest(), "side": side, "inputs": []}
    for k in inputs:
        rgb = input_bytes(k, side)
        x = ((rgb.astype(np.float32) - 127) / 128).transpose(2, 0, 1)[None]
        got = dict(zip(["_fc", "mean"] + probes, session.run(["_fc", "mean"] + probes, {"input": x})))
        one = {"formula": k, "sha256": hashlib.sha256(rgb.tobytes()).hexdigest()}
        if inside:
            logits = got["_fc"][0]
            top = np.argsort(-logits, kind="stable")[:5]
            one["top5"] = [{"class": int(i), "logit": number(logits[i])} for i in top]
            one["values"] = [{
                "name": probe,
                "mean": number(got[probe].astype(np.float64).mean()),
                "abs": number(np.abs(got[probe].astype(np.float64)).mean()),
            } for probe in probes]
        one["embedding"] = [number(v) for v in got["mean"].ravel()]
        out["inputs"].append(one)
    return out


def main():
    folder = pathlib.Path(sys.argv[1])
    out = {
        "onnxruntime": onnxruntime.__version__,
        "models": [reference(name, folder / f"{network}.onnx", *rest) for name, network, *rest in MODELS],
    }
    # Small objects and lists of numbers on one line each.
    text = re.sub(r"([\[{])\s+([^\[\]{}]*?)\s+([\]}])", lambda m: m[1] + re.sub(r"\n\s+", " ", m[2]) + m[3], json.dumps(out, indent=1))
    (HERE / "reference.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
