"""convert.py FOLDER: makes the other runtimes' networks of lite0-s8.onnx and
lite0-u8.onnx in FOLDER, which edge model export wrote.
"""
import pathlib, sys
import litert, ncnn_int8, network

folder = pathlib.Path(sys.argv[1])
values, layers = network.read(folder / "lite0-s8.onnx")
for kind in ("s8", "u8"):
    network.cut_input(folder / f"lite0-{kind}.onnx", folder / f"ort-{kind}.onnx")
litert.write(values, layers, folder / "lite0.tflite")
ncnn_int8.write(values, layers, folder / "lite0-ncnn")
