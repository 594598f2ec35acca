"""Times the PyTorch reference on a graph that the bench wrote, one case for each line of standard input.

    python3 -c SOURCE FOLDER ROWS COLUMNS LAYERS THREADS

The graph and the reference lie in the folder.
"""
import sys
import time

import torch

sys.path.insert(0, sys.argv[1])
import sevo_torch

folder, rows, columns, layers, threads = sys.argv[1], *map(int, sys.argv[2:6])
torch.set_num_threads(threads)


def load(name, dtype):
    with open(f"{folder}/{name}", "rb") as file:
        return torch.frombuffer(bytearray(file.read()), dtype=dtype)


csr = (load("row_offsets", torch.int32).long(), load("columns", torch.int32).long(), load("values", torch.float32))
smoother = sevo_torch.Smoother(csr, 0.99, layers)
x = torch.randn(rows, columns)
parameter = torch.nn.Parameter(torch.randn(rows, columns))
parameter.grad = torch.randn(rows, columns)
states = {"sevo-adamw": {}, "adamw": {}}


def call(case):
    if case == "propagation":
        return smoother(x)
    sevo_torch.sevo_step([parameter], states[case], rule="adamw", lr=1e-3, weight_decay=0.1,
                         smoother=smoother if case == "sevo-adamw" else None)


for case in ("propagation", "sevo-adamw", "adamw"):
    call(case)
print("ready", flush=True)
for line in sys.stdin:
    calls, start = 0, time.perf_counter()
    while time.perf_counter() - start < 0.2:
        call(line.strip())
        calls += 1
    print((time.perf_counter() - start) / calls * 1e3, flush=True)
