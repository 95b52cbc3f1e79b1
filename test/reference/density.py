# density: divergences of a field and the log-density of a chain of two, from PyTorch in float64. Makes density.json.
"""density.json: `blocks` (activation and layers, weights [in, out], t in column 0), `points` [rows, 2];
`divergence`: at time `t`, the velocity of block 0 at the points, its exact divergence, and Hutchinson's e' J e for the
probes; `chain`: classical fourth-order Runge-Kutta (1/6, 2/6, 2/6, 1/6), 100 steps a block (400 evaluations), of point
and log-determinant together: after each block the points and the accumulated integral of the divergence, then
logDensity = that integral + log N(last point; 0, I). Run: python test/reference/density.py"""
import math

import torch
from shared import Mlp, drawn, numbers, softplus, write

activations = [({"kind": "softplus", "beta": 20}, lambda x: softplus(x, 20)), ({"kind": "tanh"}, torch.tanh)]


def jacobians(field, t, x):
    """[rows, out, in] of the field at the rows of x."""
    return torch.func.vmap(torch.func.jacrev(lambda p: field(torch.full((1, 1), t), p[None])[0]))(x)


def velocity_and_divergence(field, t, x):
    return field(torch.full((len(x), 1), t), x), jacobians(field, t, x).diagonal(dim1=1, dim2=2).sum(1)


def runge_kutta(field, x, logarithm, steps=100):
    h = 1 / steps
    for n in range(steps):
        t = n * h
        v1, d1 = velocity_and_divergence(field, t, x)
        v2, d2 = velocity_and_divergence(field, t + h / 2, x + h / 2 * v1)
        v3, d3 = velocity_and_divergence(field, t + h / 2, x + h / 2 * v2)
        v4, d4 = velocity_and_divergence(field, t + h, x + h * v3)
        x = x + h / 6 * (v1 + 2 * v2 + 2 * v3 + v4)
        logarithm = logarithm + h / 6 * (d1 + 2 * d2 + 2 * d3 + d4)
    return x, logarithm


def check_against_jacobian(fields, points, total):
    """The accumulated log-determinant is log |det| of the whole map's Jacobian, up to the integration error."""

    def whole(p):
        x = p[None]
        for field in fields:
            x, _ = runge_kutta(field, x, torch.zeros(1))
        return x[0]

    exact = torch.stack([torch.linalg.slogdet(torch.autograd.functional.jacobian(whole, p))[1] for p in points])
    print("largest difference from log |det J|:", (exact - total).abs().max().item())


if __name__ == "__main__":
    generator = torch.Generator().manual_seed(11)
    fields = [Mlp(generator, 2, [8, 8], f) for _, f in activations]
    points, probes = drawn(generator, 5, 2), torch.sign(drawn(generator, 5, 2))
    t = 0.3
    velocity, divergence = velocity_and_divergence(fields[0], t, points)
    hutchinson = torch.einsum("ni,nij,nj->n", probes, jacobians(fields[0], t, points), probes)

    x, logarithm, after = points, torch.zeros(len(points)), []
    for field in fields:
        x, logarithm = runge_kutta(field, x, logarithm)
        after.append({"points": numbers(x), "logDeterminant": numbers(logarithm)})
    check_against_jacobian(fields, points[:2], logarithm[:2])
    log_density = logarithm - 0.5 * x.pow(2).sum(1) - math.log(2 * math.pi)

    write("density.json", {
        "blocks": [{"activation": known, "layers": f.numbers()} for (known, _), f in zip(activations, fields)],
        "points": numbers(points),
        "divergence": {
            "t": t,
            "velocity": numbers(velocity),
            "exact": numbers(divergence),
            "probes": numbers(probes),
            "hutchinson": numbers(hutchinson),
        },
        "chain": {"method": "rk4", "stepsPerBlock": 100, "after": after, "logDensity": numbers(log_density)},
    })
