#!/usr/bin/env python3
"""Writes reference.json: what ONNX Runtime makes of models/efficientnet-lite0.onnx.

The Go tests compare this repository's float32 and int8 networks with it. It is
run by hand when the ONNX file changes, and only then:

    python3 -m venv /tmp/reference
    /tmp/reference/bin/pip install onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
    /tmp/reference/bin/python models/reference/reference.py

The inputs are formulas in integers (see pixel; models/reference_test.go has the
same ones), so that no picture has to be kept and both sides see the same bytes.
"""

import hashlib
import json
import pathlib

import numpy as np
import onnx
import onnxruntime

HERE = pathlib.Path(__file__).resolve().parent
MODEL = HERE.parent / "efficientnet-lite0.onnx"
SIDE = 224


def pixel(k, x, y, c):
    """Channel c of input k at column x and row y, 0 to 255. Arrays of int64."""
    if k == 0:  # slopes
        return ((c + 1) * x + (3 - c) * y) * 255 // (4 * (SIDE - 1))
    if k == 1:  # rings
        r = (x - 80) ** 2 + (y - 120 + 8 * c) ** 2
        return np.abs(r // 12 % 510 - 255)
    if k == 2:  # tiles
        return ((x // 28) * 37 + (y // 28) * 91 + c * 53) % 256
    # noise over a slope
    h = (x * 7919 + y * 104729 + c * 1299709) % 65521
    return (x + y) * 191 // (2 * (SIDE - 1)) + h * h % 65521 % 65


def input_bytes(k):
    y, x, c = np.meshgrid(np.arange(SIDE), np.arange(SIDE), np.arange(3), indexing="ij")
    p = pixel(k, x, y, c)
    assert p.min() >= 0 and p.max() <= 255
    return p.astype(np.uint8)


def number(v):
    """The shortest decimal that gives the same float32 back."""
    return float(str(np.float32(v)))


def main():
    data = MODEL.read_bytes()
    model = onnx.load_model_from_string(data)
    onnx.checker.check_model(model, full_check=True)

    # A block ends in its addition, or in its last batch normalization.
    names = [n.output[0] for n in model.graph.node]
    probes = ["stem"]
    block = 0
    while any(n.startswith(f"_blocks.{block}.") for n in names):
        add = f"_blocks.{block}.add"
        probes.append(add if add in names else f"_blocks.{block}._bn2")
        block += 1
    probes.append("head")
    for name in probes + ["mean"]:
        model.graph.output.append(onnx.helper.make_empty_tensor_value_info(name))

    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])

    inputs = []
    for k in range(4):
        rgb = input_bytes(k)
        x = ((rgb.astype(np.float32) - 127) / 128).transpose(2, 0, 1)[None]
        got = dict(zip(["_fc", "mean"] + probes, session.run(["_fc", "mean"] + probes, {"input": x})))
        logits = got["_fc"][0]
        top = np.argsort(-logits, kind="stable")[:5]
        inputs.append({
            "sha256": hashlib.sha256(rgb.tobytes()).hexdigest(),
            "top5": [{"class": int(i), "logit": number(logits[i])} for i in top],
            "values": [{
                "name": name,
                "mean": number(got[name].astype(np.float64).mean()),
                "abs": number(np.abs(got[name].astype(np.float64)).mean()),
            } for name in probes],
            "embedding": [number(v) for v in got["mean"].ravel()],
        })

    out = {
        "onnx_sha256": hashlib.sha256(data).hexdigest(),
        "onnxruntime": onnxruntime.__version__,
        "inputs": inputs,
    }
    text = json.dumps(out, indent=1)
    (HERE / "reference.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
