"""Trains a model in PyTorch on a sequence file and times it: the other side of `deno task bench models --versus-torch`.

    /usr/bin/python3 train_torch.py --model sasrec --data sequences.txt --epochs 3 --threads 2

A line of the file is a user and its items, oldest first, all integers. The last item of a user is for testing and the
one before for validation. Batches are padded, negatives uniform without the user's training items. Prints a line of
JSON for each epoch: loss, seconds, and every --eval-every epochs the metrics of full ranking with the history left out.
--max-steps ends an epoch early, to time steps alone.
"""
import argparse
import gzip
import json
import random
import time

import torch

import models_torch
import sevo_torch

# The published settings on Amazon Beauty
PAPER = {
    "sasrec": dict(batch=512, lr=1e-3, betas=(0.9, 0.98), decay=0.1, dropout=0.3, maxlen=50, beta=0.99),
    "gru4rec": dict(batch=512, lr=1e-3, betas=(0.9, 0.999), decay=0.1, dropout=0.4, maxlen=50, beta=0.99),
    "bert4rec": dict(batch=256, lr=5e-4, betas=(0.9, 0.95), decay=0.1, dropout=0.2, maxlen=50, beta=0.99, mask=0.5),
    "stosa": dict(batch=256, lr=1e-3, betas=(0.9, 0.999), decay=0.1, dropout=0.2, attn=0.5, maxlen=100, beta=0.99),
    "mf_bpr": dict(batch=2048, lr=1e-3, betas=(0.9, 0.999), decay=0.1, dropout=0.0, maxlen=50, beta=0.9),
}


def read(path):
    opener = gzip.open if path.endswith(".gz") else open
    with opener(path, "rt") as f:
        rows = [list(map(int, line.split()))[1:] for line in f]
    index = {item: k for k, item in enumerate(sorted({i for r in rows for i in r}))}
    return [[index[i] for i in r] for r in rows], len(index)


def pad(seq, length, left=True):
    seq = seq[-length:]
    fill = [0] * (length - len(seq))
    return fill + seq if left else seq + fill


class Trainer:
    def __init__(self, args):
        self.args, self.cfg = args, {**PAPER[args.model], **{k: v for k, v in vars(args).items() if v is not None}}
        c = self.cfg
        self.seqs, self.items = read(args.data)
        self.train = [s[:-2] for s in self.seqs]
        self.seen = [set(s) for s in self.train]
        make = dict(
            sasrec=lambda: models_torch.SASRec(self.items, 64, c["maxlen"], 2, 1, c["dropout"]),
            gru4rec=lambda: models_torch.GRU4Rec(self.items, 64, 64, c["dropout"]),
            bert4rec=lambda: models_torch.BERT4Rec(self.items, 64, c["maxlen"], 2, 4, c["dropout"]),
            stosa=lambda: models_torch.STOSA(self.items, 64, c["maxlen"], 1, 4, c["dropout"], c.get("attn", 0.0)),
            mf_bpr=lambda: models_torch.MFBPR(len(self.seqs), self.items, 64),
        )
        self.model = make[args.model]()
        self.pads = self.model.num_pads
        several = {"bert4rec": ["item.weight", "out.weight"], "stosa": ["item_mean.weight", "item_cov.weight"]}
        smoothed = several.get(args.model, ["item.weight"])
        csr = sevo_torch.item_graph(self.train, self.items + self.pads, self.pads, 1, c["maxlen"])
        smoother = sevo_torch.Smoother(csr, c["beta"], 3) if args.optimizer == "sevo" else None
        self.groups = [([p], {}, smoother if k in smoothed else None) for k, p in self.model.named_parameters()]

    def negative(self, user):
        while True:
            i = random.randrange(self.items)
            if i not in self.seen[user]:
                return i

    def batches(self):
        name, c = self.args.model, self.cfg
        if name == "mf_bpr":
            samples = [random.randrange(len(self.train)) for _ in range(sum(map(len, self.train)))]
            row = self.pair
        elif name == "gru4rec":
            samples = [(u, t) for u, s in enumerate(self.train) for t in range(1, len(s))]
            random.shuffle(samples)
            row = self.prefix
        else:
            samples = [u for u, s in enumerate(self.train) if len(s) > 1 or name == "bert4rec"]
            random.shuffle(samples)
            row = self.hidden if name == "bert4rec" else self.next_items
        for k in range(0, len(samples), c["batch"]):
            yield [torch.tensor(column) for column in zip(*map(row, samples[k:k + c["batch"]]))]

    def pair(self, user):
        return user, random.choice(self.train[user]), self.negative(user)

    def prefix(self, sample):
        (user, end), p = sample, self.pads
        seen = [i + p for i in self.train[user][:end]]
        return pad(seen, self.cfg["maxlen"], False), self.train[user][end] + p, self.negative(user) + p

    def next_items(self, user):
        s, length = [i + self.pads for i in self.train[user]], self.cfg["maxlen"]
        negatives = [self.negative(user) + self.pads for _ in s[1:]]
        return pad(s[:-1], length), pad(s[1:], length), pad(negatives, length)

    def hidden(self, user):
        s, length = [i + self.pads for i in self.train[user]], self.cfg["maxlen"]
        hide = [random.random() < self.cfg["mask"] for _ in s]
        inputs = [1 if h else i for i, h in zip(s, hide)]
        return pad(inputs, length), pad([i if h else 0 for i, h in zip(s, hide)], length)

    def epoch(self):
        self.model.train()
        total = steps = data_s = step_s = opt_s = 0
        t0 = time.perf_counter()
        for batch in self.batches():
            t1 = time.perf_counter()
            data_s += t1 - t0
            self.model.zero_grad(set_to_none=True)
            loss = self.model.loss(*batch)
            loss.backward()
            t2 = time.perf_counter()
            step_s += t2 - t1
            for params, state, smoother in self.groups:
                if params[0].grad is not None:
                    sevo_torch.sevo_step(params, state, rule="adamw", lr=self.cfg["lr"], betas=self.cfg["betas"],
                                weight_decay=self.cfg["decay"], smoother=smoother)
            t0 = time.perf_counter()
            opt_s += t0 - t2
            total += loss.item()
            steps += 1
            if self.args.max_steps and steps >= self.args.max_steps:
                break
        return dict(loss=total / steps, steps=steps, data_s=data_s, forward_backward_s=step_s, optimizer_s=opt_s)

    @torch.no_grad()
    def evaluate(self, target):
        self.model.eval()
        c, p, ranks = self.cfg, self.pads, []
        users = range(len(self.seqs)) if not self.args.eval_users else range(self.args.eval_users)
        for k in range(0, len(users), 256):
            chunk = users[k:k + 256]
            history = [self.seqs[u][:target] for u in chunk]
            if self.args.model == "mf_bpr":
                scores = self.model.scores(torch.tensor(list(chunk)))
            else:
                rows = [[i + p for i in h] for h in history]
                if self.args.model == "bert4rec":
                    rows = [pad(r, c["maxlen"] - 1) + [1] for r in rows]
                else:
                    rows = [pad(r, c["maxlen"], self.args.model != "gru4rec") for r in rows]
                scores = self.model.scores(torch.tensor(rows))
            for row, u, h in zip(scores, chunk, history):
                row[torch.tensor(h)] = -1e23
                ranks.append(int((row > row[self.seqs[u][target]]).sum()) + 1)
        r = torch.tensor(ranks, dtype=torch.float64)
        out = {f"hr@{k}": (r <= k).double().mean().item() for k in (1, 5, 10)}
        out.update({f"ndcg@{k}": torch.where(r <= k, 1 / torch.log2(r + 1), 0.0).mean().item() for k in (5, 10)})
        return out


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", choices=PAPER, required=True)
    parser.add_argument("--data", required=True)
    parser.add_argument("--optimizer", choices=("sevo", "adamw"), default="sevo")
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--max-steps", type=int, default=0)
    parser.add_argument("--eval-every", type=int, default=0)
    parser.add_argument("--eval-users", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    for name in ("lr", "decay", "dropout", "beta"):
        parser.add_argument(f"--{name}", type=float)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    random.seed(args.seed)
    trainer = Trainer(args)
    for e in range(1, args.epochs + 1):
        line = dict(epoch=e, **trainer.epoch())
        if args.eval_every and e % args.eval_every == 0:
            t = time.perf_counter()
            line.update(valid=trainer.evaluate(-2), test=trainer.evaluate(-1), eval_s=time.perf_counter() - t)
        print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
