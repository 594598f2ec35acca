"""Writes the golden files of this project: python3 make_golden.py FOLDER [SEED]"""
import random
import sys
from pathlib import Path

import torch

import models_torch
import sevo_torch
from golden_file import graph_tensors, ragged, random_sequences, save, single
from model_case import save_model

# What the optimizer cases are made with, by the names of their files
RULES = {
    "adamw": dict(rule="adamw", lr=0.01, betas=(0.9, 0.98), weight_decay=0.1),
    "adam": dict(rule="adam", lr=0.01, betas=(0.9, 0.999), weight_decay=0.05),
    "sgd": dict(rule="sgd", lr=0.1, weight_decay=0.01),
    "sgd_momentum": dict(rule="sgd", lr=0.1, momentum=0.9, weight_decay=0.01),
    "sgd_nesterov": dict(rule="sgd", lr=0.1, momentum=0.9, nesterov=True),
}
LATER_RULES = {
    "lion": dict(rule="lion", lr=0.003, betas=(0.9, 0.99), weight_decay=0.3),
    "adagrad": dict(rule="adagrad", lr=0.1, weight_decay=0.01),
}


def graphs(folder, rng):
    """Graphs of items for several walks, and one of users and items."""
    sequences = random_sequences(rng, 40, 31, 12) + [[5, 5, 5, 9], [30, 29]]
    for walk, last, offset in ((1, 50, 0), (3, 50, 1), (2, 4, 2)):
        csr = sevo_torch.item_graph(sequences, 33 + offset, offset, walk, last, torch.float64)
        save(folder, f"graph_item_walk{walk}_last{last}_offset{offset}", {**ragged(sequences), **graph_tensors(csr)},
             kind="item", max_walk=walk, last=last, offset=offset, rows=33 + offset)
    csr = sevo_torch.user_item_graph(sequences, len(sequences), 33, torch.float64)
    save(folder, "graph_user_item", {**ragged(sequences), **graph_tensors(csr)},
         kind="user-item", users=len(sequences), items=33)


def propagation(folder, csr, x):
    """psi of one matrix, by series, by iteration and in closed form."""
    for mode in ("neumann", "iterative"):
        for beta in (0.0, 0.5, 0.99):
            for layers in (0, 1, 3, 8):
                y = sevo_torch.Smoother(csr, beta, layers, mode)(x)
                save(folder, f"propagate_{mode}_beta{beta}_layers{layers}", {**graph_tensors(csr), "x": x, "y": y},
                     mode=mode, beta=beta, layers=layers)
    rows = len(x)
    at = torch.repeat_interleave(torch.arange(rows), csr[0].diff()), csr[1]
    dense = torch.zeros(rows, rows).index_put_(at, csr[2])
    for beta in (0.5, 0.9, 0.99):
        y = (1 - beta) * torch.linalg.solve(torch.eye(rows) - beta * dense, x)
        save(folder, f"propagate_exact_beta{beta}", {**graph_tensors(csr), "x": x, "y": y}, mode="exact", beta=beta)


def steps(folder, csr, rows, columns, rules):
    """Twelve steps of each rule over two tables that are smoothed as one stack, as users and items are."""
    for name, rule in rules.items():
        for mode in (None, "neumann", "iterative"):
            smoother = sevo_torch.Smoother(csr, 0.9, 3, mode) if mode else None
            tables = [torch.nn.Parameter(single(torch.randn(count, columns))) for count in (14, rows - 14)]
            tensors, state = graph_tensors(csr), {}
            for k, table in enumerate(tables):
                tensors[f"param.{k}.0"] = table.detach().clone()
            for step in range(1, 13):
                for k, table in enumerate(tables):
                    gradient = single(torch.randn_like(table))
                    # Many idle rows; at first all of one table
                    gradient[torch.rand(len(table)) < (1.0 if step == 1 and k == 1 else 0.6)] = 0
                    table.grad = gradient
                    tensors[f"grad.{k}.{step}"] = gradient.clone()
                sevo_torch.sevo_step(tables, state, smoother=smoother, **rule)
                for k, table in enumerate(tables):
                    tensors[f"param.{k}.{step}"] = table.detach().clone()
            save(folder, f"step_{name}_{mode or 'plain'}", tensors,
                 mode=mode, beta=0.9, layers=3, steps=12, eps=1e-8, **rule)


def models(folder, rng):
    """The five models, and STOSA as its paper describes it."""
    items, users, columns, length, batch = 29, 11, 16, 9, 6
    sequences = random_sequences(rng, 50, items, 12)

    def inputs(pads, left=True):
        x = torch.zeros(batch, length, dtype=torch.long)
        for b in range(batch):
            count = max(1, length - 2 * b)
            row = torch.tensor([rng.randrange(pads, items + pads) for _ in range(count)])
            begin = length - count if left else 0
            x[b, begin:begin + count] = row
        return x

    def like(x):
        return torch.where(x > 0, torch.tensor([[rng.randrange(1, items + 1) for _ in row] for row in x]), 0)

    def next_items():
        x = inputs(1)
        return x, like(x), like(x)

    def pairs():
        return torch.arange(users), torch.randint(0, items, (users,)), torch.randint(0, items, (users,))

    def prefixes():
        return inputs(1, False), torch.randint(1, items + 1, (batch,)), torch.randint(1, items + 1, (batch,))

    def hidden():
        x = inputs(2)
        hide = (torch.rand(x.shape) < 0.4) & (x > 0)
        hide[:, -1] = True
        return torch.where(hide, 1, x), torch.where(hide, x, 0)

    triple, gaussian = ("inputs", "positives", "negatives"), ["item_mean.weight", "item_cov.weight"]
    made = {
        "mf_bpr": (models_torch.MFBPR(users, items, columns), ["item.weight"], pairs, ("users", *triple[1:])),
        "sasrec": (models_torch.SASRec(items, columns, length, 2, 2), ["item.weight"], next_items, triple),
        "gru4rec": (models_torch.GRU4Rec(items, columns, columns), ["item.weight"], prefixes, triple),
        "bert4rec": (models_torch.BERT4Rec(items, columns, length, 2, 4), ["item.weight", "out.weight"], hidden,
                     ("inputs", "labels")),
        "stosa": (models_torch.STOSA(items, columns, length, 1, 4), gaussian, next_items, triple),
        "stosa_attended": (models_torch.STOSA(items, columns, length, 2, 4, attended_mean=True), gaussian, next_items,
                           triple),
    }
    for name, (model, smoothed, draw, roles) in made.items():
        save_model(folder, name, model, roles=roles, draw=draw, smoothed=smoothed, sequences=sequences, items=items,
                   users=users, dim=columns, maxlen=length, heads=2 if name == "sasrec" else 4,
                   blocks=1 if name == "stosa" else 2, pvn=0.005)


def main(folder, seed=7):
    """Writes all files. Draws follow each other, so a case that is added is made at the end: others stay as they are."""
    torch.set_default_dtype(torch.float64)
    torch.set_num_threads(1)  # Sums of several threads round in another order from run to run
    rng = random.Random(seed)
    torch.manual_seed(seed)
    graphs(folder, rng)
    rows, columns = 37, 12
    sequences = random_sequences(rng, 60, rows - 2, 10)
    csr = sevo_torch.item_graph(sequences, rows, 1, 2, 50, torch.float64)
    propagation(folder, csr, single(torch.randn(rows, columns)))
    steps(folder, csr, rows, columns, RULES)
    models(folder, rng)
    steps(folder, csr, rows, columns, LATER_RULES)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *map(int, sys.argv[2:3]))
