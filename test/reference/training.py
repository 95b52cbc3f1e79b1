# training: three optimizer steps of a small velocity MLP, from PyTorch in float64. Makes training.json.
"""training.json: {batch: {xLeft, xRight, t}, runs: [...]}. Each run has its own activation, interpolant, optimizer and
starting layers ([in, out] weights, t in column 0), and `steps`: the loss before the step, the global gradient norm
before clipping, and the layers after it. The batch is the same in all steps. Optimizers: Adam (0.9, 0.999, 1e-8) with
bias correction; `weightDecay` is decoupled (AdamW: p -= learningRate * weightDecay * p before the Adam step, on weights
and biases); `clip` scales all gradients by min(1, clip / (norm + 1e-6)). Run: python test/reference/training.py"""
import math

import torch
from shared import Mlp, drawn, numbers, softplus, write

activations = {"softplus": lambda x: softplus(x, 20), "relu": torch.relu}
records = {"softplus": {"kind": "softplus", "beta": 20}, "relu": {"kind": "relu"}}


def matching_loss(field, x_l, x_r, t, interpolant):
    if interpolant == "linear":
        point, velocity = (1 - t) * x_l + t * x_r, x_r - x_l
    else:
        c, s = torch.cos(math.pi / 2 * t), torch.sin(math.pi / 2 * t)
        point, velocity = c * x_l + s * x_r, math.pi / 2 * (c * x_r - s * x_l)
    return (field(t, point) - velocity).pow(2).mean()


def run(batch, activation, interpolant, learning_rate=0.01, weight_decay=0.0, clip=None):
    generator = torch.Generator().manual_seed(7)
    field = Mlp(generator, 2, [8, 8], activations[activation])
    start = field.numbers()
    parameters = [p.requires_grad_() for p in field.parameters()]
    optimizer = torch.optim.AdamW(parameters, lr=learning_rate, weight_decay=weight_decay)
    steps = []
    for _ in range(3):
        optimizer.zero_grad()
        loss = matching_loss(field, *batch, interpolant)
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(parameters, math.inf if clip is None else clip)
        optimizer.step()
        loss, norm = float(f"{loss.item():.12g}"), float(f"{norm.item():.12g}")
        steps.append({"loss": loss, "gradientNorm": norm, "layers": field.numbers(9)})
    clipping = {} if clip is None else {"clip": clip}
    return {
        "activation": records[activation],
        "interpolant": interpolant,
        "optimizer": {"learningRate": learning_rate, "weightDecay": weight_decay, **clipping},
        "start": start,
        "steps": steps,
    }


if __name__ == "__main__":
    generator = torch.Generator().manual_seed(3)
    batch = (drawn(generator, 4, 2), drawn(generator, 4, 2), drawn(generator, 4, 1, low=0.0, high=1.0))
    runs = [
        run(batch, "softplus", "linear"),
        run(batch, "relu", "trigonometric"),
        run(batch, "softplus", "linear", weight_decay=0.1),
        run(batch, "relu", "linear", clip=0.5),
    ]
    write("training.json", {"batch": dict(zip(("xLeft", "xRight", "t"), map(numbers, batch))), "runs": runs})
