"""Reads the layers of a QDQ network that edge model export wrote."""
import dataclasses
import numpy as np, onnx
from onnx import numpy_helper


@dataclasses.dataclass
class Value:
    """An activation: real = scale·(q − zero), int8."""
    scale: float
    zero: int
    shape: tuple = ()  # H, W, C


@dataclasses.dataclass
class Layer:
    op: str    # Conv, Add, Mean
    ins: list  # Values by index; the last layer's output is no Value
    weight: np.ndarray = None  # Conv: int8 [Out, In/Groups, KH, KW]
    scale: np.ndarray = None   # [Out]
    bias: np.ndarray = None    # int32 [Out], in units of input scale·scale
    stride: int = 1
    groups: int = 1
    pads: tuple = ()           # top, left, bottom, right
    real_scales: tuple = ()    # Add: of its operands


def read(path):
    """Returns values and layers; layer i makes value i+1."""
    graph = onnx.load(path).graph
    const = {t.name: numpy_helper.to_array(t) for t in graph.initializer}
    makes = {o: n for n in graph.node for o in n.output}
    side = graph.input[0].type.tensor_type.shape.dim[2].dim_value
    values, layers, index = [], [], {}

    def add_value(q, shape):
        node = makes[q]
        index[q] = len(values)
        values.append(Value(float(const[node.input[1]]), int(const[node.input[2]]), shape))

    def source(name):  # of a DequantizeLinear
        return index[makes[name].input[0]], float(const[makes[name].input[1]])

    def constant(name):
        dq = makes[name]
        return const[dq.input[0]], const[dq.input[1]]

    for n in graph.node:
        attrs = {a.name: onnx.helper.get_attribute_value(a) for a in n.attribute}
        if n.op_type == "QuantizeLinear":
            if n.input[0] == graph.input[0].name:
                add_value(n.output[0], (side, side, 3))
                continue
            layer = layers[-1]
            h, w, c = values[layer.ins[0]].shape
            if layer.op == "Conv":
                k, p = layer.weight.shape, layer.pads
                h = (h + p[0] + p[2] - k[2]) // layer.stride + 1
                w = (w + p[1] + p[3] - k[3]) // layer.stride + 1
                c = k[0]
            add_value(n.output[0], (h, w, c))
        elif n.op_type == "Conv":
            weight, scale = constant(n.input[1])
            bias, _ = constant(n.input[2])
            assert attrs["strides"][0] == attrs["strides"][1] and set(attrs["dilations"]) == {1}, n.name
            layers.append(Layer("Conv", [source(n.input[0])[0]], weight, scale, bias, attrs["strides"][0], attrs["group"], tuple(attrs["pads"])))
        elif n.op_type == "Add":
            a, b = source(n.input[0]), source(n.input[1])
            layers.append(Layer("Add", [a[0], b[0]], real_scales=(a[1], b[1])))
        elif n.op_type == "GlobalAveragePool":
            layers.append(Layer("Mean", [source(n.input[0])[0]]))
        else:
            assert n.op_type == "DequantizeLinear", f"{n.name}: {n.op_type}"
    return values, layers


def cut_input(source, target):
    """Writes the network without its first QuantizeLinear: the input is integers."""
    model = onnx.load(source)
    graph = model.graph
    first = next(n for n in graph.node if n.op_type == "QuantizeLinear" and n.input[0] == graph.input[0].name)
    zero = next(t for t in graph.initializer if t.name == first.input[2])
    graph.node.remove(first)
    graph.input[0].name = first.output[0]
    graph.input[0].type.tensor_type.elem_type = zero.data_type
    onnx.save(model, target)
