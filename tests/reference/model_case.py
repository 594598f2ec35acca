"""The golden file of a model: one batch with its loss, gradients and scores, then five steps of SEvo-AdamW.

For a model of your own see README.md beside this file.
"""
import torch

import sevo_torch
from golden_file import graph_tensors, ragged, save, single


def save_model(folder, name, model, *, roles, draw, smoothed, sequences, items, users=0, **settings):
    """Writes `model_NAME.safetensors`.

    model: a torch module with `num_pads`, `loss(*batch)` and `scores(inputs)`; its parameters' names are the weights'.
    roles: names of the tensors of a batch, the first being what `scores` takes.
    draw: makes a batch: integer tensors, one for each role.
    smoothed: names of the tables that are smoothed, each on its own.
    sequences: lists of items, of which the graph is made.
    settings: what else a test has to know to build the model, such as `maxlen` or `heads`.
    """
    for parameter in model.parameters():
        parameter.data = single(parameter.data + 0.2 * torch.randn_like(parameter))
    tensors = {f"param.{key}": value.clone() for key, value in model.named_parameters()}
    batch = draw()
    tensors.update({f"batch.{role}": value.int() for role, value in zip(roles, batch)})
    loss = model.loss(*batch)
    loss.backward()
    tensors["loss"] = loss.detach().reshape(1)
    for key, value in model.named_parameters():
        tensors[f"grad.{key}"] = torch.zeros_like(value) if value.grad is None else value.grad.clone()
    with torch.no_grad():
        tensors["scores"] = model.scores(batch[0])
    csr = sevo_torch.item_graph(sequences, items + model.num_pads, model.num_pads, 1, 50, torch.float64)
    tensors.update({**ragged(sequences), **graph_tensors(csr)})
    tensors.update(five_steps(model, roles, draw, smoothed, sevo_torch.Smoother(csr, 0.99, 3)))
    tensors.update({f"final.{key}": value.clone() for key, value in model.named_parameters()})
    save(folder, f"model_{name}", tensors, model=name, items=items, users=users, **settings, smoothed=smoothed, steps=5,
         lr=0.01, betas=[0.9, 0.98], weight_decay=0.1, beta=0.99, layers=3)


def five_steps(model, roles, draw, smoothed, smoother):
    """Steps on fresh batches; gives the batches and the losses. What is not smoothed is under plain AdamW."""
    tensors, states = {}, {}
    for step in range(1, 6):
        batch = draw()
        tensors.update({f"batch{step}.{role}": value.int() for role, value in zip(roles, batch)})
        model.zero_grad(set_to_none=True)
        loss = model.loss(*batch)
        loss.backward()
        tensors[f"loss.{step}"] = loss.detach().reshape(1)
        for key, parameter in model.named_parameters():
            if parameter.grad is not None:
                sevo_torch.sevo_step(
                    [parameter], states.setdefault(key, {}), rule="adamw", lr=0.01, betas=(0.9, 0.98),
                    weight_decay=0.1, smoother=smoother if key in smoothed else None)
    return tensors
