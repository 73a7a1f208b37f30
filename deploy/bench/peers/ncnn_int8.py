"""Writes a network of network.py for ncnn: PREFIX.param and PREFIX.bin.

The weights are the same integers. ncnn's activations have no zero point and 127
steps up to the largest value, so that its answers are a little different.
Layers that feed only a convolution hand over integers.
"""
import struct
import numpy as np


def write(values, layers, prefix):
    lines, blobs, weights = ["Input input 0 1 input"], 1, bytearray()
    readers = {i: [j for j, l in enumerate(layers) if i in l.ins] for i in range(len(values))}
    names = {0: ["input"]}  # a blob has one reader in ncnn: copies of a value

    def top(i):  # the largest real number of a value
        v = values[i]
        return max(127 - v.zero, v.zero + 128) * v.scale

    def raw(x, kind):
        weights.extend(np.ascontiguousarray(x, kind).tobytes())

    def take(i):
        return names[i].pop()

    for i, l in enumerate(layers):
        out = f"value_{i + 1}" if l.op != "Mean" else "output"
        ins = [take(j) for j in l.ins]
        if l.op == "Mean":
            lines.append(f"Pooling {out}_ 1 1 {ins[0]} {out} 0=1 4=1")
        elif l.op == "Add":
            lines.append(f"BinaryOp {out}_ 2 1 {ins[0]} {ins[1]} {out} 0=0")
        else:
            n, depth, kh, kw = l.weight.shape
            depthwise = l.groups > 1
            next_ = readers[i + 1]
            integers = len(next_) == 1 and layers[next_[0]].op == "Conv"
            v = values[i + 1]
            clip = v.zero == -128  # all of its eight bits lie above zero
            t, left, b, r = l.pads
            p = [f"0={n} 1={kw} 11={kh} 3={l.stride} 4={left} 15={r} 14={t} 16={b} 5=1 6={l.weight.size}", f"8={101 if integers else 1}"]
            if depthwise:
                p.append(f"7={l.groups}")
            if clip:
                p.append(f"9=3 -23310=2,0.0,{255 * v.scale:.9g}")
            lines.append(f"{'ConvolutionDepthWise' if depthwise else 'Convolution'} {out}_ 1 1 {ins[0]} {out} {' '.join(p)}")
            weights += struct.pack("<I", 0x000D4B38)  # the tag of int8 weights
            raw(l.weight, np.int8)
            weights.extend(bytes(-l.weight.size % 4))
            raw(l.bias * (values[l.ins[0]].scale * l.scale.astype(np.float64)), np.float32)
            raw(1 / l.scale, np.float32)
            raw([127 / top(l.ins[0])], np.float32)
            if integers:
                raw([127 / top(i + 1)], np.float32)
        blobs += 1
        if l.op == "Mean":
            continue
        count = len(readers[i + 1])
        names[i + 1] = [out]
        if count > 1:
            names[i + 1] = [f"{out}_{k}" for k in range(count)]
            lines.append(f"Split {out}_split 1 {count} {out} {' '.join(names[i + 1])}")
            blobs += count
    with open(f"{prefix}.param", "w") as f:
        f.write(f"7767517\n{len(lines)} {blobs}\n" + "\n".join(lines) + "\n")
    with open(f"{prefix}.bin", "wb") as f:
        f.write(weights)
