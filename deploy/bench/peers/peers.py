"""peers.py FOLDER [--rounds 25] [--idle-ms 30]: times edge and other runtimes on
the same network, each in a process of its own, in turns.

FOLDER holds answer and what convert.py wrote; see deploy/bench/peers.sh.
Prints a table in Markdown.
"""
import argparse, json, math, pathlib, platform, re, statistics, subprocess, sys, time

p = argparse.ArgumentParser()
p.add_argument("folder", type=pathlib.Path)
p.add_argument("--rounds", type=int, default=25)
p.add_argument("--idle-ms", type=float, default=30)
p.add_argument("--threads", default="1,2")
args = p.parse_args()
folder, here = args.folder, pathlib.Path(__file__).parent

ROWS = [  # name, command
    ("edge", None),
    ("ONNX Runtime, uint8", ("ort-u8", "ort-u8.onnx")),
    ("ONNX Runtime, uint8, exact", ("ort-u8-exact", "ort-u8.onnx")),
    ("ONNX Runtime, int8", ("ort-s8", "ort-s8.onnx")),
    ("LiteRT, XNNPACK", ("litert", "lite0.tflite")),
    ("ncnn, int8", ("ncnn", "lite0-ncnn")),
]


class Worker:
    def __init__(self, name, command):
        self.name, self.times = name, []
        self.process = subprocess.Popen([str(c) for c in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.ready = self.read()

    def read(self):
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f"peers: {self.name} ended: {self.process.wait()}")
        return json.loads(line)

    def ask(self, what):
        self.process.stdin.write(what + "\n")
        self.process.stdin.flush()
        return self.read()


def cosine(a, b):
    return sum(x * y for x, y in zip(a, b)) / math.sqrt(sum(x * x for x in a) * sum(y * y for y in b))


def machine():
    with open("/proc/cpuinfo") as f:
        info = f.read()
    flags = re.search(r"(?:flags|Features)\s*: (.*)", info)[1].split()
    have = [f for f in ("avx2", "avx_vnni", "avx512_vnni", "asimddp", "asimd") if f in flags]
    model = re.search(r"model name\s*: (.*)", info)
    return f"{model[1] if model else platform.machine()}, {info.count('processor')} processors, {' '.join(have)}"


print(f"{machine()}; {args.rounds} rounds in turns, {args.idle_ms:g} ms idle before each.\n")
print("| runtime | threads | median ms | fastest ms | times edge's median | times edge's fastest | cosine to edge | load ms | memory MB |")
print("|---|---|---|---|---|---|---|---|---|")
for threads in args.threads.split(","):
    workers = []
    for name, peer in ROWS:
        if peer is None:
            command = [folder / "answer", "-threads", threads, "-picture", folder / "picture"]
        else:
            command = [sys.executable, here / "worker.py", peer[0], folder / peer[1], folder / "picture", threads]
        workers.append(Worker(name, command))
    edge = workers[0]
    for w in workers:
        w.output = w.ask("output")
        for _ in range(3):
            w.ask("run")
    for _ in range(args.rounds):
        for w in workers:
            time.sleep(args.idle_ms / 1000)
            w.times.append(w.ask("run") / 1e6)
    base, best = statistics.median(edge.times), min(edge.times)
    for w in workers:
        name = f"{w.name} {w.ready['version']}" if "version" in w.ready else f"{w.name}, {w.ready['tier']}"
        median = statistics.median(w.times)
        print(f"| {name} | {threads} | {median:.2f} | {min(w.times):.2f} | {median / base:.2f} | {min(w.times) / best:.2f} | {cosine(w.output, edge.output):.4f}"
              f" | {w.ready['load_ms']:.1f} | {w.ask('rss') / 1e6:.1f} |", flush=True)
        w.process.stdin.close()
        w.process.wait()
