# shared: how the reference files are written. Python with torch is needed to make them, never to read them.
import json
from pathlib import Path

import torch

torch.set_default_dtype(torch.float64)
here = Path(__file__).parent


def numbers(tensor, digits=10):
    """A tensor as {shape, data}: row-major, rounded to `digits` significant digits; whole numbers say their type."""
    if not tensor.is_floating_point():
        return {"type": "int64", "shape": list(tensor.shape), "data": tensor.reshape(-1).tolist()}
    data = [float(f"{value:.{digits}g}") for value in tensor.detach().reshape(-1).tolist()]
    return {"shape": list(tensor.shape), "data": [int(v) if v == int(v) else v for v in data]}


def drawn(generator, *shape, low=-2.0, high=2.0):
    """Uniform numbers with at most three decimals, so that a file holds exactly what was used."""
    return torch.round((low + (high - low) * torch.rand(shape, generator=generator)) * 1000) / 1000


def write(name, content):
    """One entry of a list per line: small, and a diff shows what changed."""
    if isinstance(content, list):
        text = "[\n" + ",\n".join(json.dumps(entry, separators=(",", ":")) for entry in content) + "\n]\n"
    else:
        lines = (f"{json.dumps(key)}:{json.dumps(value, separators=(',', ':'))}" for key, value in content.items())
        text = "{\n" + ",\n".join(lines) + "\n}\n"
    (here / name).write_text(text)
    print(f"{name}: {len(text)} bytes")


class Mlp:
    """A velocity MLP: times [rows, 1] and points [rows, d] to [rows, d]; input column 0 is t; weights are [in, out]."""

    def __init__(self, generator, d, hidden, activation):
        sizes = [d + 1, *hidden, d]
        self.activation = activation
        self.layers = [
            (drawn(generator, a, b, low=-(3 / a) ** 0.5, high=(3 / a) ** 0.5), drawn(generator, b, low=-0.5, high=0.5))
            for a, b in zip(sizes, sizes[1:])
        ]

    def parameters(self):
        return [parameter for layer in self.layers for parameter in layer]

    def __call__(self, t, x):
        h = torch.cat([t, x], dim=1)
        for k, (weight, bias) in enumerate(self.layers):
            h = h @ weight + bias
            if k < len(self.layers) - 1:
                h = self.activation(h)
        return h

    def numbers(self, digits=10):
        return [{"weight": numbers(weight, digits), "bias": numbers(bias, digits)} for weight, bias in self.layers]


def softplus(x, beta):
    """log(1 + exp(beta x)) / beta without overflow, and without torch's switch to x at beta x > 20."""
    return torch.logaddexp(torch.zeros(()), beta * x) / beta
