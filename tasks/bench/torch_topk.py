"""Times torch.topk(queries @ items.T) in blocks: prints the seconds of each round as a line of JSON for each line read."""
import json
import sys
import time

import torch

items, columns, users, count, block, threads = (int(argument) for argument in sys.argv[1:7])
torch.set_num_threads(threads)
torch.manual_seed(1)
table = torch.randn(items, columns)
queries = torch.randn(users, columns)
for _ in sys.stdin:
    begin = time.perf_counter()
    for first in range(0, users, block):
        torch.topk(queries[first:first + block] @ table.T, count)
    print(json.dumps({"seconds": time.perf_counter() - begin}), flush=True)
