# checkpoint: log-densities of a chain held by PyTorch modules, beside their state_dicts. Makes checkpoint.json.
"""checkpoint.json: two checkpoints of `columns` 3, each `activation`, `timeInput`, `blocks` (the state_dict of each block: names such
as net.0.weight, weights [out, in] as nn.Linear keeps them, time in column 0), `points` [rows, 3] and
`logDensity` by classical Runge-Kutta in float64, 100 steps a block. Run: python test/reference/checkpoint.py"""
import math

import torch
from density import runge_kutta
from shared import drawn, numbers, write


class Velocity(torch.nn.Module):
    """Linear layers in a list called `net`; the time stands in front of the first layer's input, or of every layer's."""

    def __init__(self, widths, activation, every):
        super().__init__()
        timed = [every or n == 0 for n in range(len(widths) - 1)]
        sizes = zip(widths, widths[1:], timed)
        self.net = torch.nn.ModuleList([torch.nn.Linear(a + int(t), b) for a, b, t in sizes])
        self.activation, self.timed = activation, timed

    def forward(self, t, x):
        for n, (layer, timed) in enumerate(zip(self.net, self.timed)):
            x = layer(torch.cat([t, x], dim=1) if timed else x)
            x = self.activation(x) if n < len(self.net) - 1 else x
        return x


def checkpoint(known, activation, every):
    modules = [Velocity([3, 8, 6, 3], activation, every) for _ in range(3)]
    # Files hold float32: what follows is computed from those values, in float64.
    modules = [module.float().double() for module in modules]
    points = drawn(generator, 6, 3).float().double()
    x, logarithm = points, torch.zeros(len(points))
    for module in modules:
        for parameter in module.parameters():
            parameter.requires_grad_(False)
        x, logarithm = runge_kutta(module, x, logarithm)
    log_density = logarithm - 0.5 * x.pow(2).sum(1) - 1.5 * math.log(2 * math.pi)
    states = [{name: numbers(value) for name, value in module.state_dict().items()} for module in modules]
    return {"activation": known, "timeInput": "every" if every else "first", "blocks": states,
            "points": numbers(points), "logDensity": numbers(log_density)}


if __name__ == "__main__":
    torch.set_default_dtype(torch.float64)
    torch.manual_seed(5)
    generator = torch.Generator().manual_seed(7)
    write("checkpoint.json", {"checkpoints": [
        checkpoint("softplus(20)", torch.nn.Softplus(beta=20), False),
        checkpoint("elu", torch.nn.ELU(), True),
    ]})
