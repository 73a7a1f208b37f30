"""Writes a network of network.py as a .tflite file: int8, the mean in float."""
import flatbuffers, numpy as np
from ai_edge_litert import schema_py_generated as s

OP, TYPE = s.BuiltinOperator, s.TensorType


def write(values, layers, path):
    model, graph = s.ModelT(), s.SubGraphT()
    model.version, model.description = 3, b"edge"
    model.buffers, graph.tensors, graph.operators, model.operatorCodes = [s.BufferT()], [], [], []

    def tensor(name, kind, shape, scale=None, zero=None, data=None, axis=0):
        t = s.TensorT()
        t.name, t.type, t.shape, t.buffer = name.encode(), kind, list(shape), 0
        if data is not None:
            b = s.BufferT()
            b.data = np.frombuffer(data.tobytes(), np.uint8)
            model.buffers.append(b)
            t.buffer = len(model.buffers) - 1
        if scale is not None:
            q = t.quantization = s.QuantizationParametersT()
            q.scale = np.atleast_1d(np.asarray(scale, np.float32))
            q.zeroPoint = np.broadcast_to(np.asarray(zero, np.int64), q.scale.shape).copy()
            q.quantizedDimension = axis
        graph.tensors.append(t)
        return len(graph.tensors) - 1

    codes = {}

    def operator(code, version, ins, outs, kind=0, options=None):
        if code not in codes:
            c = s.OperatorCodeT()
            c.builtinCode, c.deprecatedBuiltinCode, c.version = code, min(code, 127), version
            codes[code] = len(model.operatorCodes)
            model.operatorCodes.append(c)
        o = s.OperatorT()
        o.opcodeIndex, o.inputs, o.outputs, o.builtinOptionsType, o.builtinOptions = codes[code], ins, outs, kind, options
        graph.operators.append(o)

    def activation(i):
        v = values[i]
        return tensor(f"value {i}", TYPE.INT8, (1, *v.shape), v.scale, v.zero)

    at = {0: activation(0)}
    for i, l in enumerate(layers):
        name, a = f"layer {i}", at[l.ins[0]]
        h, w, c = values[l.ins[0]].shape
        if l.op == "Mean":
            real = tensor("real", TYPE.FLOAT32, (1, h, w, c))
            operator(OP.DEQUANTIZE, 2, [a], [real], s.BuiltinOptions.DequantizeOptions, s.DequantizeOptionsT())
            axes = tensor("axes", TYPE.INT32, (2,), data=np.array([1, 2], np.int32))
            options = s.ReducerOptionsT()
            options.keepDims = True
            out = tensor("output", TYPE.FLOAT32, (1, 1, 1, c))
            operator(OP.MEAN, 1, [real, axes], [out], s.BuiltinOptions.ReducerOptions, options)
            graph.inputs, graph.outputs = [at[0]], [out]
            break
        out = at[i + 1] = activation(i + 1)
        if l.op == "Add":
            options = s.AddOptionsT()
            operator(OP.ADD, 2, [a, at[l.ins[1]]], [out], s.BuiltinOptions.AddOptions, options)
            continue
        n, depth, kh, kw = l.weight.shape
        total = [max((-(-size // l.stride) - 1) * l.stride + k - size, 0) for size, k in ((h, kh), (w, kw))]
        same = (total[0] // 2, total[1] // 2, total[0] - total[0] // 2, total[1] - total[1] // 2)
        assert l.pads == same, f"{name}: pads {l.pads} are not TensorFlow's SAME"
        unit = values[l.ins[0]].scale * l.scale.astype(np.float64)
        bias = tensor(name + " bias", TYPE.INT32, (n,), unit, 0, l.bias.astype(np.int32))
        if depth == 1 and l.groups == c == n:
            weight = tensor(name + " weight", TYPE.INT8, (1, kh, kw, n), l.scale, 0, l.weight[:, 0].transpose(1, 2, 0).copy(), 3)
            options, kind, code = s.DepthwiseConv2DOptionsT(), s.BuiltinOptions.DepthwiseConv2DOptions, OP.DEPTHWISE_CONV_2D
            options.depthMultiplier = 1
        else:
            assert l.groups == 1, name
            weight = tensor(name + " weight", TYPE.INT8, (n, kh, kw, depth), l.scale, 0, l.weight.transpose(0, 2, 3, 1).copy(), 0)
            options, kind, code = s.Conv2DOptionsT(), s.BuiltinOptions.Conv2DOptions, OP.CONV_2D
        options.strideH = options.strideW = l.stride
        options.dilationHFactor = options.dilationWFactor = 1
        options.padding = s.Padding.SAME
        operator(code, 3, [a, weight, bias], [out], kind, options)
    model.subgraphs = [graph]
    b = flatbuffers.Builder(1 << 20)
    b.Finish(model.Pack(b), b"TFL3")
    with open(path, "wb") as f:
        f.write(b.Output())
