"""The five models in PyTorch, padded as their papers have them.

N items, U users, D columns of an embedding, S positions of a padded sequence, B sequences of a batch. Sequence models
keep row 0 of the item table for padding, and BERT4Rec row 1 for the hidden item: item i of a dataset is row
i + num_pads.
"""
import math

import torch
import torch.nn as nn
import torch.nn.functional as F


class MFBPR(nn.Module):
    num_pads = 0

    def __init__(self, users, items, dim):
        super().__init__()
        self.user = nn.Embedding(users, dim)
        self.item = nn.Embedding(items, dim)
        for e in (self.user, self.item):
            nn.init.normal_(e.weight, std=1e-4)

    def loss(self, users, positives, negatives):
        u = self.user(users)
        pos = (u * self.item(positives)).sum(-1)
        neg = (u * self.item(negatives)).sum(-1)
        return F.softplus(neg - pos).mean()

    def scores(self, users):
        return self.user(users) @ self.item.weight.t()


class SASRec(nn.Module):
    """Causal self-attention, left padding, no key-padding mask: a padded position is a zero vector
    that is attended to (its key and value are the projection biases)."""
    num_pads = 1

    def __init__(self, items, dim, maxlen, blocks=2, heads=1, dropout=0.0):
        super().__init__()
        self.dim, self.blocks = dim, blocks
        self.item = nn.Embedding(items + 1, dim)
        self.position = nn.Embedding(maxlen, dim)
        self.drop = nn.Dropout(dropout)
        self.attn_norm = nn.ModuleList(nn.LayerNorm(dim, eps=1e-8) for _ in range(blocks))
        self.attn = nn.ModuleList(nn.MultiheadAttention(dim, heads, dropout, batch_first=True) for _ in range(blocks))
        self.ffn_norm = nn.ModuleList(nn.LayerNorm(dim, eps=1e-8) for _ in range(blocks))
        self.ffn1 = nn.ModuleList(nn.Conv1d(dim, dim, 1) for _ in range(blocks))
        self.ffn2 = nn.ModuleList(nn.Conv1d(dim, dim, 1) for _ in range(blocks))
        self.last_norm = nn.LayerNorm(dim, eps=1e-8)
        for module in self.modules():
            if isinstance(module, (nn.Embedding, nn.Linear)):
                nn.init.xavier_normal_(module.weight)
                if getattr(module, "bias", None) is not None:
                    nn.init.zeros_(module.bias)

    def forward(self, seqs):
        pad = (seqs == 0).unsqueeze(-1)
        x = F.embedding(seqs, self.item.weight, padding_idx=0) * self.dim ** 0.5
        x = self.drop(x + self.position.weight).masked_fill(pad, 0.0)
        causal = torch.ones(x.size(1), x.size(1), dtype=torch.bool).triu(1)
        for b in range(self.blocks):
            x = self.attn[b](self.attn_norm[b](x), x, x, attn_mask=causal, need_weights=False)[0] + x
            x = self.ffn_norm[b](x)
            h = F.relu(self.drop(self.ffn1[b](x.transpose(1, 2))))
            x = self.drop(self.ffn2[b](h)).transpose(1, 2) + x
            x = x.masked_fill(pad, 0.0)
        return self.last_norm(x)

    def loss(self, seqs, positives, negatives):
        h, live = self.forward(seqs), positives != 0
        table = lambda ids: F.embedding(ids, self.item.weight, padding_idx=0)
        pos = (h * table(positives)).sum(-1)[live]
        neg = (h * table(negatives)).sum(-1)[live]
        return F.softplus(-pos).mean() + F.softplus(neg).mean()

    def scores(self, seqs):
        return self.forward(seqs)[:, -1] @ self.item.weight[1:].t()


class GRU4Rec(nn.Module):
    """Right padding; one target per sample; BPR against one sampled negative."""
    num_pads = 1

    def __init__(self, items, dim, hidden, dropout=0.0):
        super().__init__()
        self.item = nn.Embedding(items + 1, dim)
        self.drop = nn.Dropout(dropout)
        self.gru = nn.GRU(dim, hidden, 1, bias=False, batch_first=True)
        self.dense = nn.Linear(hidden, dim)
        nn.init.xavier_normal_(self.item.weight)
        nn.init.xavier_uniform_(self.gru.weight_hh_l0)
        nn.init.xavier_uniform_(self.gru.weight_ih_l0)

    def forward(self, seqs):
        x = self.drop(F.embedding(seqs, self.item.weight, padding_idx=0))
        h = self.dense(self.gru(x)[0])
        last = (seqs != 0).sum(1).sub(1).clamp(min=0)
        return h[torch.arange(len(seqs)), last]

    def loss(self, seqs, positives, negatives):
        h = self.forward(seqs)
        table = lambda ids: F.embedding(ids, self.item.weight, padding_idx=0)
        return F.softplus((h * table(negatives)).sum(-1) - (h * table(positives)).sum(-1)).mean()

    def scores(self, seqs):
        return self.forward(seqs) @ self.item.weight[1:].t()


class BERT4Rec(nn.Module):
    """Bidirectional post-norm encoder, key-padding mask, untied output layer over N + 2 rows."""
    num_pads = 2

    def __init__(self, items, dim, maxlen, blocks=2, heads=4, dropout=0.0):
        super().__init__()
        self.item = nn.Embedding(items + 2, dim)
        self.position = nn.Embedding(maxlen, dim)
        self.norm = nn.LayerNorm(dim)
        self.drop = nn.Dropout(dropout)
        self.encoder = nn.TransformerEncoder(
            nn.TransformerEncoderLayer(dim, heads, 4 * dim, dropout, "gelu", batch_first=True), blocks)
        self.out = nn.Linear(dim, items + 2)
        for module in self.modules():
            if isinstance(module, (nn.Linear, nn.Embedding)):
                nn.init.xavier_normal_(module.weight)
                module.weight.data.clamp_(-0.02, 0.02)
                if getattr(module, "bias", None) is not None:
                    nn.init.zeros_(module.bias)

    def forward(self, seqs):
        x = F.embedding(seqs, self.item.weight, padding_idx=0) + self.position.weight
        x = self.encoder(self.drop(self.norm(x)), src_key_padding_mask=seqs == 0)
        return self.out(x)

    def loss(self, masked, labels):
        """`masked` has 1 where the item was hidden; `labels` (same shape) the hidden rows, 0 elsewhere."""
        hit = masked == 1
        return F.cross_entropy(self.forward(masked)[hit], labels[hit])

    def scores(self, seqs):
        return self.forward(seqs)[:, -1, 2:]


class STOSA(nn.Module):
    """Items are Gaussians: a mean table and a covariance table; scores are -Wasserstein^2.

    The published code (and so the published numbers) hands the encoder's *input* mean to the output
    and drops the attended one, a typo carried over from the original STOSA; `attended_mean=True` is
    the model as its paper describes it."""
    num_pads = 1

    def __init__(self, items, dim, maxlen, blocks=1, heads=4, hidden_dropout=0.0, attn_dropout=0.0, pvn=0.005,
                 attended_mean=False):
        super().__init__()
        self.blocks, self.heads, self.pvn, self.attended_mean = blocks, heads, pvn, attended_mean
        emb = lambda rows: nn.Embedding(rows, dim)
        self.item_mean, self.item_cov = emb(items + 1), emb(items + 1)
        self.pos_mean, self.pos_cov = emb(maxlen), emb(maxlen)
        self.norm = nn.LayerNorm(dim, eps=1e-12)
        self.hidden_drop, self.attn_drop = nn.Dropout(hidden_dropout), nn.Dropout(attn_dropout)
        lin = lambda a, b: nn.ModuleList(nn.Linear(a, b) for _ in range(blocks))
        for part in ("mean", "cov"):
            for role in ("query", "key", "value", "dense"):
                setattr(self, f"{part}_{role}", lin(dim, dim))
            setattr(self, f"{part}_ffn1", lin(dim, 4 * dim))
            setattr(self, f"{part}_ffn2", lin(4 * dim, dim))
        self.attn_norm = nn.ModuleList(nn.LayerNorm(dim, eps=1e-12) for _ in range(blocks))
        for part in ("mean", "cov"):
            setattr(self, f"{part}_ffn_norm", nn.ModuleList(nn.LayerNorm(dim, eps=1e-12) for _ in range(blocks)))
        for module in self.modules():
            if isinstance(module, (nn.Linear, nn.Embedding)):
                nn.init.normal_(module.weight, 0.01, 0.02)
                if getattr(module, "bias", None) is not None:
                    nn.init.zeros_(module.bias)

    def _table(self, weight, ids):
        return F.embedding(ids, weight, padding_idx=0)

    def forward(self, seqs):
        S = seqs.size(1)
        live = (seqs > 0)[:, None, None, :] & torch.ones(S, S, dtype=torch.bool).tril()
        bias = (1.0 - live.to(self.item_mean.weight.dtype)) * (-2.0 ** 32 + 1)
        mean = F.elu(self.hidden_drop(self.norm(self._table(self.item_mean.weight, seqs) + self.pos_mean.weight)))
        cov = F.elu(self.hidden_drop(self.norm(self._table(self.item_cov.weight, seqs) + self.pos_cov.weight))) + 1
        for b in range(self.blocks):
            attended, cov = self._block(b, mean, cov, bias)
            if self.attended_mean:
                mean = attended
        return mean, cov

    def _heads(self, x):
        return x.view(x.size(0), x.size(1), self.heads, -1).transpose(1, 2)

    def _block(self, b, mean, cov, bias):
        mq, mk, mv = (self._heads(getattr(self, f"mean_{r}")[b](mean)) for r in ("query", "key", "value"))
        cq, ck, cv = (self._heads(F.elu(getattr(self, f"cov_{r}")[b](cov)) + 1) for r in ("query", "key", "value"))
        dist = mq.pow(2).sum(-1, True) + mk.pow(2).sum(-1, True).transpose(-1, -2) - 2 * mq @ mk.transpose(-1, -2)
        root = lambda x: x.clamp(min=1e-24).sqrt()
        dist = dist + cq.sum(-1, True) + ck.sum(-1, True).transpose(-1, -2) - 2 * root(cq) @ root(ck).transpose(-1, -2)
        prob = self.attn_drop(torch.softmax(-dist / math.sqrt(mq.size(-1)) + bias, -1))
        merge = lambda x: x.transpose(1, 2).reshape(mean.shape)
        m = self.hidden_drop(self.mean_dense[b](merge(prob @ mv)))
        c = self.hidden_drop(self.cov_dense[b](merge(prob.pow(2) @ cv)))
        m, c = self.attn_norm[b](m + mean), self.attn_norm[b](c + cov)
        ffn = lambda part, x: getattr(self, f"{part}_ffn_norm")[b](x + self.hidden_drop(
            getattr(self, f"{part}_ffn2")[b](F.elu(getattr(self, f"{part}_ffn1")[b](x)))))
        return ffn("mean", m), F.elu(ffn("cov", c)) + 1

    @staticmethod
    def distance(m1, c1, m2, c2):
        root = lambda x: x.clamp(min=1e-24).sqrt()
        return (m1 - m2).pow(2).sum(-1) + (root(c1) - root(c2)).pow(2).sum(-1)

    def item_gaussian(self, ids):
        return self._table(self.item_mean.weight, ids), F.elu(self._table(self.item_cov.weight, ids)) + 1

    def loss(self, seqs, positives, negatives):
        h, live = self.forward(seqs), positives != 0
        p, n = self.item_gaussian(positives), self.item_gaussian(negatives)
        pos, neg, pvn = -self.distance(*h, *p), -self.distance(*h, *n), -self.distance(*p, *n)
        pos, neg, pvn = pos[live], neg[live], pvn[live]
        return F.softplus(neg - pos).mean() + self.pvn * (pvn - pos).clamp(min=0).mean()

    def scores(self, seqs):
        mean, cov = self.forward(seqs)
        items = (self.item_mean.weight[1:], F.elu(self.item_cov.weight[1:]) + 1)
        return -self.distance(mean[:, -1:], cov[:, -1:], *items)
