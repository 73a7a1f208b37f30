"""worker.py RUNTIME NETWORK PICTURE THREADS [TIMES]: runs a network once for every
line it reads, as deploy/bench/answer does for ours, or TIMES times. PICTURE holds
H·W·3 bytes of RGB.
"""
import json, re, sys, time

runtime, network, picture, threads = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
import numpy as np


def memory(what):
    with open("/proc/self/status") as f:
        return int(re.search(what + r":\s+(\d+) kB", f.read())[1]) << 10


def say(x):
    print(json.dumps(x), flush=True)


rgb = np.fromfile(picture, np.uint8)
side = int((len(rgb) // 3) ** 0.5)
rgb = rgb.reshape(1, side, side, 3)
python = memory("VmRSS")  # the interpreter and numpy: not the runtime's fault


def onnxruntime_(exact):
    import onnxruntime as ort
    start = time.perf_counter()
    o = ort.SessionOptions()
    o.intra_op_num_threads, o.inter_op_num_threads, o.log_severity_level = threads, 1, 3
    if exact == "s8":
        o.add_session_config_entry("session.qdqisint8allowed", "1")
    elif exact == "u8":
        o.add_session_config_entry("session.x64quantprecision", "1")
    s = ort.InferenceSession(network, o, providers=["CPUExecutionProvider"])
    given = s.get_inputs()[0]
    # q = rgb − 128 in int8, which is rgb in uint8: models.Default is normalized so.
    x = rgb.transpose(0, 3, 1, 2)
    x = np.ascontiguousarray(x if given.type == "tensor(uint8)" else (x ^ 128).view(np.int8))
    io = s.io_binding()
    io.bind_cpu_input(given.name, x)
    io.bind_output(s.get_outputs()[0].name, "cpu")
    load = time.perf_counter() - start
    return load, ort.__version__, lambda: s.run_with_iobinding(io), lambda: io.copy_outputs_to_cpu()[0]


def litert():
    import ai_edge_litert, importlib.metadata
    from ai_edge_litert.interpreter import Interpreter
    start = time.perf_counter()
    i = Interpreter(network, num_threads=threads)
    i.allocate_tensors()
    i.set_tensor(i.get_input_details()[0]["index"], (rgb ^ 128).view(np.int8))
    load = time.perf_counter() - start
    out = i.get_output_details()[0]["index"]
    return load, importlib.metadata.version("ai-edge-litert"), i.invoke, lambda: i.get_tensor(out)


def ncnn_():
    import ncnn
    start = time.perf_counter()
    net = ncnn.Net()
    net.opt.num_threads = threads
    net.load_param(network + ".param")
    net.load_model(network + ".bin")
    planes = ((rgb[0].astype(np.float32) - 127) / 128).transpose(2, 0, 1).copy()
    x = ncnn.Mat(planes).clone()  # a Mat of an array does not keep it
    load = time.perf_counter() - start
    last = []

    def run():
        e = net.create_extractor()
        e.input("input", x)
        last[:] = [np.array(e.extract("output")[1])]

    return load, ncnn.__version__, run, lambda: last[0]


kinds = {
    "ort-u8": lambda: onnxruntime_(""), "ort-u8-exact": lambda: onnxruntime_("u8"),
    "ort-s8": lambda: onnxruntime_("s8"), "litert": litert, "ncnn": ncnn_,
}
load, version, run, output = kinds[runtime]()
say({"load_ms": load * 1e3, "version": version})
if len(sys.argv) > 5:
    for _ in range(int(sys.argv[5])):
        run()
    sys.exit()
for line in sys.stdin:
    match line.strip():
        case "run":
            start = time.perf_counter_ns()
            run()
            say(time.perf_counter_ns() - start)
        case "output":
            run()
            say([float(v) for v in np.asarray(output()).ravel()])
        case "rss":
            say(memory("VmHWM") - python)
