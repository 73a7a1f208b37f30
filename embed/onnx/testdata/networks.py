#!/usr/bin/env python3
"""Writes the networks in networks/, and what ONNX Runtime makes of them.

They are architectures as PyTorch's two exporters write them, without their
weights: an initializer of more than 16 numbers is external data whose location
COUNT:LOW:HIGH:SEED says which numbers uniform() here, and the function of that
name in networks_test.go, make of it. Run by hand when a network is added:

    python3 -m venv /tmp/onnx-networks
    /tmp/onnx-networks/bin/pip install torch==2.15.0 torchvision==0.29.2 timm==1.0.31 \\
        onnx==1.23.2 onnxscript==0.7.2 onnxruntime==1.32.0 numpy==2.4.6
    /tmp/onnx-networks/bin/python embed/onnx/testdata/networks.py
"""

import gzip
import io
import json
import pathlib
import warnings

import numpy as np
import onnx
import onnxruntime
import timm
import torch
import torchvision.models as tv
from onnx import TensorProto, numpy_helper
from torch import nn

warnings.filterwarnings("ignore")
HERE = pathlib.Path(__file__).resolve().parent / "networks"


class ShuffleUnit(nn.Module):
    """Zhang et al. 2018, figure 2 (b) and (c)."""

    def __init__(self, cin, cout, groups, stride):
        super().__init__()
        self.stride, self.groups = stride, groups
        mid = cout // 4
        cout -= cin if stride == 2 else 0
        self.squeeze = nn.Sequential(nn.Conv2d(cin, mid, 1, groups=1 if cin == 24 else groups, bias=False), nn.BatchNorm2d(mid), nn.ReLU())
        self.depthwise = nn.Sequential(nn.Conv2d(mid, mid, 3, stride, 1, groups=mid, bias=False), nn.BatchNorm2d(mid))
        self.expand = nn.Sequential(nn.Conv2d(mid, cout, 1, groups=groups, bias=False), nn.BatchNorm2d(cout))

    def forward(self, x):
        y = self.squeeze(x)
        n, c, h, w = y.shape
        y = y.view(n, self.groups, c // self.groups, h, w).transpose(1, 2).reshape(n, c, h, w)
        y = self.expand(self.depthwise(y))
        if self.stride == 2:
            return torch.relu(torch.cat([nn.functional.avg_pool2d(x, 3, 2, 1), y], 1))
        return torch.relu(x + y)


class ShuffleNetV1(nn.Module):
    def __init__(self, groups=3, widths=(24, 240, 480, 960), classes=10):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 24, 3, 2, 1, bias=False), nn.BatchNorm2d(24), nn.ReLU(), nn.MaxPool2d(3, 2, 1))
        units = []
        for cin, cout, repeat in zip(widths, widths[1:], (3, 7, 3)):
            units += [ShuffleUnit(cin, cout, groups, 2)] + [ShuffleUnit(cout, cout, groups, 1) for _ in range(repeat)]
        self.units = nn.Sequential(*units)
        self.fc = nn.Linear(widths[-1], classes)

    def forward(self, x):
        return self.fc(self.units(self.stem(x)).mean([2, 3]))


def lite(name):
    return lambda: timm.create_model(name, num_classes=10)


# name: (network, side, exporter, opset, open batch, batch norms kept)
NETWORKS = {
    "mobilenet-v1": (lambda: timm.create_model("mobilenetv1_100", num_classes=10), 64, "dynamo", 18, False, False),
    "mobilenet-v2": (lambda: tv.mobilenet_v2(num_classes=10, width_mult=0.5), 64, "torchscript", 13, True, False),
    "mobilenet-v2-kept": (lambda: tv.mobilenet_v2(num_classes=10, width_mult=0.35), 64, "torchscript", 17, False, True),
    "mobilenet-v3-small": (lambda: tv.mobilenet_v3_small(num_classes=10), 64, "torchscript", 11, False, False),
    "mobilenet-v3-large": (lambda: tv.mobilenet_v3_large(num_classes=10), 64, "dynamo", 18, False, False),
    "efficientnet-lite0": (lite("tf_efficientnet_lite0"), 64, "torchscript", 17, True, False),
    "efficientnet-lite1": (lite("tf_efficientnet_lite1"), 64, "dynamo", 18, False, False),
    "efficientnet-lite2": (lite("tf_efficientnet_lite2"), 64, "torchscript", 13, False, False),
    "efficientnet-b0": (lambda: tv.efficientnet_b0(num_classes=10), 64, "dynamo", 18, True, False),
    "resnet18": (lambda: tv.resnet18(num_classes=10), 64, "torchscript", 17, True, False),
    "resnet50": (lambda: tv.resnet50(num_classes=10), 32, "dynamo", 18, False, False),
    "squeezenet1.1": (lambda: tv.squeezenet1_1(num_classes=10), 64, "torchscript", 17, False, False),
    "shufflenet-v1": (ShuffleNetV1, 64, "torchscript", 17, True, False),
    "shufflenet-v2": (lambda: tv.shufflenet_v2_x0_5(num_classes=10), 64, "torchscript", 13, True, False),
    "shufflenet-v2-dynamo": (lambda: tv.shufflenet_v2_x0_5(num_classes=10), 64, "dynamo", 18, True, False),
    "mnasnet": (lambda: tv.mnasnet0_5(num_classes=10), 64, "dynamo", 18, False, False),
    "googlenet": (lambda: tv.googlenet(num_classes=10, aux_logits=False, init_weights=False), 64, "torchscript", 17, False, False),
}


def export(make, side, exporter, opset, batch, kept):
    torch.manual_seed(1)
    net = make().eval()
    x = torch.zeros(1, 3, side, side)
    args = dict(opset_version=opset, input_names=["input"], output_names=["output"])
    if exporter == "dynamo":
        if batch:
            args["dynamic_shapes"] = ({0: torch.export.Dim("batch")},)
        return torch.onnx.export(net, (x,), dynamo=True, verbose=False, **args).model_proto
    if batch:
        args["dynamic_axes"] = {"input": {0: "batch"}, "output": {0: "batch"}}
    if kept:
        args["training"] = torch.onnx.TrainingMode.PRESERVE
    f = io.BytesIO()
    torch.onnx.export(net, (x,), f, dynamo=False, **args)
    return onnx.load_model_from_string(f.getvalue())


def uniform(count, low, high, seed):
    """Splitmix64: 24 bits of each number, from low up to high."""
    with np.errstate(over="ignore"):
        z = np.uint64(seed) + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z ^= z >> np.uint64(31)
    u = (z >> np.uint64(40)).astype(np.float64) / (1 << 24)
    return (low + (high - low) * u).astype(np.float32)


def bounds(model):
    """How large weights must be for the signal to neither fade nor grow."""
    out = {}
    dims = {t.name: list(t.dims) for t in model.graph.initializer}
    for n in model.graph.node:
        if n.op_type in ("Conv", "Gemm", "MatMul") and n.input[1] in dims:
            d = dims[n.input[1]]
            b = round(float(np.sqrt(4 / np.prod(d[1:]))), 4)
            out[n.input[1]] = (-b, b)
            for name in n.input[2:]:
                out[name] = (-0.2, 0.2)
        elif n.op_type == "BatchNormalization":
            for name, b in zip(n.input[1:], [(0.6, 1.4), (-0.2, 0.2), (-0.1, 0.1), (0.5, 1.5)]):
                out[name] = b
    return out


def pixels(side):
    y, x, c = np.meshgrid(np.arange(side), np.arange(side), np.arange(3), indexing="ij")
    return ((x * 37 + y * 59 + c * 83 + x * y * 7) % 256).astype(np.uint8)


def main():
    HERE.mkdir(exist_ok=True)
    golden = {}
    for name, (make, side, *how) in NETWORKS.items():
        model = export(make, side, *how)
        ranges = bounds(model)
        full = onnx.ModelProto()
        full.CopyFrom(model)
        seed = 1
        for t, u in zip(model.graph.initializer, full.graph.initializer):
            count = int(np.prod(t.dims))
            if t.data_type != TensorProto.FLOAT or count <= 16:
                continue
            low, high = ranges.get(t.name, (-0.5, 0.5))
            dims, seed = list(t.dims), seed + 1
            u.CopyFrom(numpy_helper.from_array(uniform(count, low, high, seed).reshape(dims), t.name))
            t.Clear()
            t.name, t.data_type, t.data_location = u.name, TensorProto.FLOAT, TensorProto.EXTERNAL
            t.dims.extend(dims)
            t.external_data.add(key="location", value=f"{count}:{low}:{high}:{seed}")
        for n in model.graph.node:  # what exporters tell of themselves
            n.doc_string = ""
            del n.metadata_props[:]
        del model.graph.value_info[:], model.graph.metadata_props[:]
        (HERE / f"{name}.onnx.gz").write_bytes(gzip.compress(model.SerializeToString(), 9, mtime=0))
        session = onnxruntime.InferenceSession(full.SerializeToString(), providers=["CPUExecutionProvider"])
        x = ((pixels(side).astype(np.float32) - 127) / 128).transpose(2, 0, 1)[None]
        y = session.run(None, {session.get_inputs()[0].name: x})[0].ravel()
        golden[name] = [float(str(v)) for v in y]
        print(name, np.abs(y).max(), y.std(), flush=True)
    (HERE / "golden.json").write_text(json.dumps(golden, indent=1) + "\n")


main()
