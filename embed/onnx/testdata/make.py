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


def case(name, opset, side, nodes, tensors, output, ir=8, batch="N", listed=False, values=(), last=False):
    dims = [batch, side, side, 3] if last else [batch, 3, side, side]
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, dims)]
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
    x = ((pixels(side).astype(np.float32) - 127) / 128)[None]
    if not last:
        x = x.transpose(0, 3, 1, 2)
    y = session.run(None, {"x": x})[0]
    if y.ndim == 4 and not last:
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

# Hard swish and hard sigmoid as older exporters write them, in three orders;
# SiLU; squeeze-and-excite; every activation that stands alone.
case("acts", 12, 9, [
    node("Conv", ["x", "w0"], "c0", pads=[1, 1, 1, 1], strides=[2, 2]),
    node("Add", ["c0", "three"], "p0"),
    node("Clip", ["p0", "zero", "six"], "r0"),
    node("Mul", ["c0", "r0"], "m0"),
    node("Div", ["m0", "six"], "h0"),
    node("Add", ["three", "h0"], "p1"),
    node("Clip", ["p1", "zero", "six"], "r1"),
    node("Div", ["r1", "six"], "s1"),
    node("Mul", ["s1", "h0"], "h1"),
    node("Mul", ["h1", "sixth"], "d2"),
    node("Add", ["h1", "three"], "p2"),
    node("Clip", ["p2", "zero", "six"], "r2"),
    node("Mul", ["d2", "r2"], "h2"),
    node("Sigmoid", ["h2"], "g3"),
    node("Mul", ["h2", "g3"], "s3"),
    node("GlobalAveragePool", ["s3"], "pool"),
    node("Conv", ["pool", "w1", "b1"], "q1"),
    node("LeakyRelu", ["q1"], "q2", alpha=0.1),
    node("Conv", ["q2", "w2"], "q3"),
    node("HardSigmoid", ["q3"], "q4", alpha=0.25),
    node("Mul", ["q4", "s3"], "se"),
    node("Tanh", ["se"], "t"),
    node("PRelu", ["t", "slope"], "pr"),
    node("Max", ["low", "pr"], "cl"),
    node("Min", ["cl", "three"], "cm"),
    node("HardSigmoid", ["cm"], "hs"),
    node("Mul", ["hs", "cm"], "y"),
], [weight("w0", 8, 3, 3, 3), number("three", 3), number("zero", 0), number("six", 6), number("sixth", 1 / 6),
    weight("w1", 4, 8, 1, 1), weight("b1", 4), weight("w2", 8, 4, 1, 1), weight("slope", 8, 1, 1), number("low", -0.5)], "y")

# Arithmetic with constants: of the picture, which the preprocessing takes in;
# one number, one a channel; differences; what a file may hold them as.
case("arithmetic", 13, 6, [
    node("Cast", ["mean64"], "mean", to=TensorProto.FLOAT),
    node("Cast", ["std16"], "std", to=TensorProto.FLOAT),
    node("Sub", ["x", "mean"], "x0"),
    node("Div", ["x0", "std"], "x1"),
    node("Conv", ["x1", "w0"], "c0"),
    node("Add", ["c0", "b"], "c1"),
    node("Relu", ["c1"], "a1"),
    node("Sub", ["one", "a1"], "m1"),
    node("Mul", ["m1", "k"], "m2"),
    node("Sub", ["a1", "m2"], "d"),
    node("ReduceMean", ["d"], "pool", axes=[-2, -1]),
    node("Add", ["d", "pool"], "e"),
    node("GlobalMaxPool", ["e"], "top"),
    node("Sub", ["e", "top"], "y"),
], [numpy_helper.from_array(np.array([0.1, 0.2, -0.1]).reshape(1, 3, 1, 1), "mean64"),
    numpy_helper.from_array(np.array([0.5, 0.25, 0.75], np.float16).reshape(3, 1, 1), "std16"),
    weight("w0", 4, 3, 1, 1), weight("b", 1, 4, 1, 1), number("one", 1), weight("k", 4, 1, 1)], "y")

# Pools: padding that counts and that does not, ceil_mode, zeros put around
# before a max, an average as large as the picture.
case("pools", 11, 15, [
    node("Conv", ["x", "w0"], "c0"),
    node("AveragePool", ["c0"], "a", kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1], count_include_pad=1),
    node("AveragePool", ["c0"], "b", kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1]),
    node("MaxPool", ["c0"], "c", kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1]),
    node("MaxPool", ["c0"], "d", kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1),
    node("AveragePool", ["c0"], "e", kernel_shape=[2, 2], strides=[2, 2], auto_pad="SAME_UPPER"),
    node("Relu", ["c0"], "r"),
    node("Pad", ["r", "around"], "p"),
    node("MaxPool", ["p"], "f", kernel_shape=[3, 3], strides=[2, 2]),
    node("Pad", ["c0", "around"], "q"),
    node("MaxPool", ["q"], "g", kernel_shape=[3, 3], strides=[2, 2]),
    node("AveragePool", ["q"], "h", kernel_shape=[3, 3], strides=[2, 2]),
    node("Concat", ["a", "b", "c", "d", "e", "f", "g", "h"], "all", axis=1),
    node("AveragePool", ["all"], "i", kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1], ceil_mode=1),
    node("AveragePool", ["i"], "mean", kernel_shape=[5, 5]),
    node("Reshape", ["mean", "flat"], "v"),
    node("MatMul", ["v", "fc"], "z"),
    node("Add", ["z", "fcb"], "y"),
], [weight("w0", 2, 3, 1, 1), shape("around", 0, 0, 1, 1, 0, 0, 1, 1), shape("flat", -1, 16), weight("fc", 16, 5), weight("fcb", 5)], "y")

# Channels shuffled, split, sliced and gathered; the shapes computed, as with
# an open batch; a layer over what is left of the picture.
case("channels", 13, 8, [
    node("Conv", ["x", "w0"], "c0", strides=[2, 2]),
    node("Shape", ["c0"], "sh"),
    node("Gather", ["sh", "i0"], "n", axis=0),
    node("Gather", ["sh", "i2"], "h", axis=0),
    node("Gather", ["sh", "i1"], "c", axis=0),
    node("Div", ["c", "two"], "half"),
    node("Unsqueeze", ["n", "ax0"], "n1"),
    node("Unsqueeze", ["h", "ax0"], "h1"),
    node("Unsqueeze", ["half", "ax0"], "half1"),
    node("Concat", ["n1", "two1", "half1", "h1", "h1"], "to5", axis=0),
    node("Concat", ["n1", "minus1", "h1", "h1"], "to4", axis=0),
    node("Reshape", ["c0", "to5"], "v5"),
    node("Transpose", ["v5"], "t5", perm=[0, 2, 1, 3, 4]),
    node("Reshape", ["t5", "to4"], "shuffled"),
    helper.make_node("Split", ["shuffled", "parts"], ["s0", "s1"], name="n_split", axis=1),
    node("Slice", ["c0", "from", "until", "chan", "step"], "sl"),
    node("Gather", ["c0", "pick"], "ga", axis=1),
    node("Relu", ["s0"], "r0"),
    node("Concat", ["s1", "r0", "sl", "ga"], "cat", axis=1),
    node("Flatten", ["cat"], "flat"),
    node("Gemm", ["flat", "fc", "fcb"], "y"),
], [weight("w0", 6, 3, 2, 2), numpy_helper.from_array(np.int64(0), "i0"),
    numpy_helper.from_array(np.int64(1), "i1"), numpy_helper.from_array(np.int64(2), "i2"), numpy_helper.from_array(np.int64(2), "two"),
    shape("ax0", 0), shape("two1", 2), shape("minus1", -1), shape("parts", 2, 4), shape("from", -1), shape("until", -100), shape("chan", 1),
    shape("step", -2), shape("pick", 4, 4, -6), weight("fc", 192, 5), number("fcb", 0.25)], "y")

# Channels last, as TensorFlow has them: transposed at the ends and in between,
# padded there, and a mean over dimensions 1 and 2.
case("last", 13, 11, [
    node("Transpose", ["x"], "t0", perm=[0, 3, 1, 2]),
    node("Pad", ["t0", "br"], "p0"),
    node("Conv", ["p0", "w0"], "c0", strides=[2, 2]),
    node("Transpose", ["c0"], "t1", perm=[0, 2, 3, 1]),
    node("Add", ["t1", "b"], "a1"),
    node("Clip", ["a1", "zero", "six"], "r1"),
    node("MatMul", ["r1", "w1"], "m1"),
    node("Transpose", ["m1"], "t2", perm=[0, 3, 1, 2]),
    node("Conv", ["t2", "w2"], "c2", group=6, auto_pad="SAME_UPPER"),
    node("Transpose", ["c2"], "t3", perm=[0, 2, 3, 1]),
    node("ReduceMean", ["t3"], "mean", axes=[1, 2], keepdims=0),
    node("Squeeze", ["mean"], "sq"),
    node("Unsqueeze", ["sq", "ax0"], "y"),
], [shape("br", 0, 0, 0, 0, 0, 0, 1, 1), weight("w0", 4, 3, 3, 3), weight("b", 4), number("zero", 0), number("six", 6),
    weight("w1", 4, 6), weight("w2", 6, 1, 3, 3), shape("ax0", 0)], "y", batch=1, last=True)

# Padding that no window reaches over, and padding that nothing but an
# activation reads.
case("padded", 13, 5, [
    node("Conv", ["x", "w0"], "c0", pads=[2, 1, 0, 3]),
    node("Pad", ["c0", "around"], "p0"),
    node("Sigmoid", ["p0"], "y"),
], [weight("w0", 3, 3, 2, 2), shape("around", 0, 0, 1, 0, 0, 0, 2, 1)], "y")

(HERE / "golden.json").write_text(json.dumps(CASES, indent=1) + "\n")
