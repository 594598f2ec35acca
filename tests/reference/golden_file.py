"""What golden files hold: tensors, and the settings of their case as JSON strings in `__metadata__`.

Inputs are exact in float32; what is expected is computed and stored in float64.
"""
import json
import struct

import torch

TYPES = {torch.float64: "F64", torch.float32: "F32", torch.int32: "I32", torch.int64: "I64"}


def save(folder, name, tensors, **settings):
    """Writes `folder/name.safetensors`."""
    folder.mkdir(parents=True, exist_ok=True)
    header = {"__metadata__": {key: json.dumps(value) for key, value in settings.items()}}
    blobs, at = [], 0
    for key, tensor in tensors.items():
        tensor = tensor.detach().contiguous()
        blob = tensor.numpy().tobytes()
        header[key] = {"dtype": TYPES[tensor.dtype], "shape": list(tensor.shape), "data_offsets": [at, at + len(blob)]}
        blobs.append(blob)
        at += len(blob)
    head = json.dumps(header).encode()
    head += b" " * (-len(head) % 8)
    (folder / f"{name}.safetensors").write_bytes(struct.pack("<Q", len(head)) + head + b"".join(blobs))
    print(f"{name}: {at} bytes")


def single(tensor):
    """Rounds to float32 and back, so that an input is exact in both widths."""
    return tensor.float().double()


def ragged(sequences):
    """Sequences end to end, and where each begins."""
    lengths = torch.tensor([0] + [len(sequence) for sequence in sequences], dtype=torch.int32)
    items = torch.tensor([item for sequence in sequences for item in sequence], dtype=torch.int32)
    return {"sequence.offsets": lengths.cumsum(0).int(), "sequence.items": items}


def graph_tensors(csr):
    """The three arrays of a normalised graph."""
    return {"graph.row_offsets": csr[0].int(), "graph.columns": csr[1].int(), "graph.values": csr[2]}


def random_sequences(rng, users, items, longest):
    """Random items, two to `longest` - 1 a user."""
    return [[rng.randrange(items) for _ in range(rng.randrange(2, longest))] for _ in range(users)]
