"""SEvo in PyTorch: graphs, propagation and optimizer steps, as plainly as they can be written.

What this project computes is checked against it, and the benchmarks run beside it. Processor only, float32 or
float64, torch 1.13 or later.
"""
import math
from collections import defaultdict

import torch


def item_graph(sequences, n_rows, offset=0, max_walk=1, last=50, dtype=torch.float32):
    """The graph of items that follow each other among the last `last` items of each training sequence.

    A pair at distance h <= max_walk adds 1/h in both directions. Returns the normalised matrix in CSR,
    D^-1/2 W D^-1/2, without added loops; a row of degree 0 stays 0.
    """
    weight = defaultdict(float)
    for seq in sequences:
        seq = seq[-last:]
        for i, a in enumerate(seq):
            for h in range(1, max_walk + 1):
                if i + h >= len(seq):
                    break
                b = seq[i + h]
                weight[(a + offset, b + offset)] += 1.0 / h
                weight[(b + offset, a + offset)] += 1.0 / h
    return normalise(weight, n_rows, dtype)


def user_item_graph(sequences, n_users, n_items, dtype=torch.float32):
    """The graph of users and items without weights: users first, then items."""
    weight = {}
    for u, seq in enumerate(sequences):
        for i in seq:
            weight[(u, n_users + i)] = 1.0
            weight[(n_users + i, u)] = 1.0
    return normalise(weight, n_users + n_items, dtype)


def normalise(weight, n, dtype=torch.float32):
    """D^-1/2 W D^-1/2 of a dictionary {(row, column): weight}, in CSR."""
    keys = sorted(weight)
    rows = torch.tensor([k[0] for k in keys], dtype=torch.long)
    cols = torch.tensor([k[1] for k in keys], dtype=torch.long)
    vals = torch.tensor([weight[k] for k in keys], dtype=dtype)
    degree = torch.zeros(n, dtype=dtype).index_add_(0, rows, vals)
    inv = degree.pow(-0.5)
    inv[torch.isinf(inv)] = 0.0
    vals = inv[rows] * vals * inv[cols]
    ptr = torch.zeros(n + 1, dtype=torch.long)
    ptr[1:] = torch.bincount(rows, minlength=n).cumsum(0)
    return ptr, cols, vals


class Smoother:
    """psi(X). `neumann`: (1-b)/(1-b^(L+1)) sum_l (bA)^l X. `iterative`: y <- bAy + (1-b)X, L times from y = X."""

    def __init__(self, csr, beta, layers, mode="neumann"):
        ptr, cols, vals = csr
        n = len(ptr) - 1
        self.A = torch.sparse_csr_tensor(ptr, cols, vals, (n, n))
        self.beta, self.layers, self.mode = beta, layers, mode

    @torch.no_grad()
    def __call__(self, x):
        b = self.beta
        if self.mode == "neumann":
            term, total = x, x
            for _ in range(self.layers):
                term = (self.A @ term) * b
                total = total + term
            return total * (1 - b) / (1 - b ** (self.layers + 1))
        y = x
        for _ in range(self.layers):
            y = (self.A @ y) * b + x * (1 - b)
        return y


@torch.no_grad()
def sevo_step(params, state, *, rule, lr, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0,
              momentum=0.0, nesterov=False, smoother=None):
    """One step over `params`, which are smoothed together: their tables are stacked by rows.

    rule: `adamw` (decoupled decay; with a smoother, rows whose gradient is all zero keep their bias-corrected
    moments), `adam` (coupled decay, no correction), `sgd` (coupled decay, heavy ball or Nesterov), `lion` (decoupled
    decay) or `adagrad` (coupled decay).
    """
    state["t"] = t = state.get("t", 0) + 1
    deltas = []
    for k, p in enumerate(params):
        g = p.grad
        if rule in ("adamw", "lion"):
            p.mul_(1 - lr * weight_decay)
        elif weight_decay:
            g = g + weight_decay * p
        if rule == "sgd":
            if momentum:
                buf = state.get(("buf", k))
                buf = g.clone() if buf is None else buf.mul_(momentum).add_(g)
                state[("buf", k)] = buf
                g = g + momentum * buf if nesterov else buf
            deltas.append(g)
            continue
        if rule == "adagrad":
            total = state.setdefault(("sum", k), torch.zeros_like(p)).addcmul_(g, g)
            deltas.append(g / (total.sqrt() + eps))
            continue
        b1, b2 = betas
        if rule == "lion":
            m = state.setdefault(("m", k), torch.zeros_like(p))
            deltas.append((b1 * m + (1 - b1) * g).sign())
            m.mul_(b2).add_(g, alpha=1 - b2)
            continue
        m = state.setdefault(("m", k), torch.zeros_like(p))
        v = state.setdefault(("v", k), torch.zeros_like(p))
        gm, gv = g, g * g
        if rule == "adamw" and smoother is not None:
            s = max(1, t - 1)
            idle = (g == 0).all(-1, keepdim=True)
            gm = torch.where(idle, m / (1 - b1 ** s), gm)
            gv = torch.where(idle, v / (1 - b2 ** s), gv)
        m.mul_(b1).add_(gm, alpha=1 - b1)
        v.mul_(b2).add_(gv, alpha=1 - b2)
        deltas.append((m / (1 - b1 ** t)) / (v.sqrt() / math.sqrt(1 - b2 ** t) + eps))
    if smoother is not None:
        sizes = [len(d) for d in deltas]
        deltas = torch.split(smoother(torch.cat(deltas)), sizes)
    for p, d in zip(params, deltas):
        p.sub_(lr * d)
