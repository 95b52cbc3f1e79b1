# integrate: adaptive Dormand-Prince 5(4) and fixed Euler over a tuple of tensors, counting evaluations as torchdiffeq.
"""Written from the published method (Dormand and Prince 1980; dense output after Shampine 1986; initial step after
Hairer, Norsett and Wanner, Solving Ordinary Differential Equations I, II.4), with the choices of torchdiffeq 0.2.5:
the whole batch is one system; the error norm is the largest of the root mean squares of the tuple's tensors (of a
single tensor its root mean square); times are float64 and states keep their type; the last step passes the end and is
interpolated back; time runs backwards by integrating -f(-s)."""
from fractions import Fraction

import torch

nodes = [1 / 5, 3 / 10, 4 / 5, 8 / 9, 1.0, 1.0]
stages = [
    [1 / 5],
    [3 / 40, 9 / 40],
    [44 / 45, -56 / 15, 32 / 9],
    [19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729],
    [9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656],
    [35 / 384, 0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84],
]
fifth = [*stages[-1], 0]
fourth = [1951 / 21600, 0, 22642 / 50085, 451 / 720, -12231 / 42400, 649 / 6300, 1 / 60]
# Shampine's fourth-order value at the middle of a step; the published fractions are for half steps.
middle = [
    float(Fraction(a, b) / 2)
    for a, b in (
        (6025192743, 30085553152),
        (0, 1),
        (51252292925, 65400821598),
        (-2691868925, 45128329728),
        (187940372067, 1594534317056),
        (-1776094331, 19743644256),
        (11237099, 235043384),
    )
]
safety, largest_growth, largest_shrink = 0.9, 10.0, 0.2


class System:
    """f over a tuple of tensors, seen as one flat vector; `evaluations` counts the calls."""

    def __init__(self, f, state, backwards):
        self.f, self.sign, self.evaluations = f, -1.0 if backwards else 1.0, 0
        self.shapes = [part.shape for part in state]
        self.sizes = [part.numel() for part in state]
        self.start = torch.cat([part.reshape(-1) for part in state])

    def parts(self, flat):
        return tuple(part.view(shape) for part, shape in zip(flat.split(self.sizes), self.shapes))

    def slope(self, s, flat):
        self.evaluations += 1
        time = torch.as_tensor(self.sign * s, dtype=flat.dtype)
        slope = torch.cat([part.reshape(-1) for part in self.f(time, self.parts(flat))])
        return slope if self.sign > 0 else -slope

    def norm(self, flat):
        return max(part.pow(2).mean().sqrt().item() for part in flat.split(self.sizes))


def first_step(system, s, y, f, rtol, atol):
    scale = atol + rtol * y.abs()
    d0, d1 = system.norm(y / scale), system.norm(f / scale)
    h0 = 1e-6 if d0 < 1e-5 or d1 < 1e-5 else 0.01 * d0 / d1
    d2 = system.norm((system.slope(s + h0, y + h0 * f) - f) / scale) / h0
    h1 = max(1e-6, h0 * 1e-3) if d1 <= 1e-15 and d2 <= 1e-15 else (0.01 / max(d1, d2)) ** (1 / 5)
    return min(100 * h0, h1)


def next_step(h, error):
    if error == 0:
        return h * largest_growth
    return h * min(largest_growth, max(safety / error**0.2, 1.0 if error < 1 else largest_shrink))


def interpolate(y0, y1, k, h, fraction):
    """The quartic through y0, y1, the middle value and the two end slopes, at `fraction` of the step."""
    mid = y0 + (torch.tensor(middle, dtype=y0.dtype) * h) @ k
    f0, f1, x = k[0], k[6], fraction
    a = 2 * h * (f1 - f0) - 8 * (y1 + y0) + 16 * mid
    b = h * (5 * f0 - 3 * f1) + 18 * y0 + 14 * y1 - 32 * mid
    c = h * (f1 - 4 * f0) - 11 * y0 - 5 * y1 + 16 * mid
    return y0 + x * (h * f0) + x**2 * c + x**3 * b + x**4 * a


def dopri5(f, state, start, end, tolerance):
    """Integrates d state / dt = f(t, state) from `start` to `end`; returns the end state and the evaluations used."""
    system = System(f, state, backwards=end < start)
    s, stop, y = system.sign * start, system.sign * end, system.start
    dtype = y.dtype
    rows = [torch.tensor(row, dtype=dtype) for row in stages]
    errors = torch.tensor([p - q for p, q in zip(fifth, fourth)], dtype=dtype)
    k = torch.empty(7, y.numel(), dtype=dtype)
    k[0] = system.slope(s, y)
    h = first_step(system, s, y, k[0], tolerance, tolerance)
    while True:
        for i, row in enumerate(rows):
            y1 = y + (row * h) @ k[: i + 1]
            k[i + 1] = system.slope(s + nodes[i] * h, y1)
        error = system.norm(((errors * h) @ k) / (tolerance + tolerance * torch.maximum(y.abs(), y1.abs())))
        if not error < float("inf"):
            raise ArithmeticError(f"dopri5: expected a finite error estimate, got {error} at time {system.sign * s}")
        if error <= 1:
            if s + h >= stop:
                return system.parts(interpolate(y, y1, k, h, (stop - s) / h)), system.evaluations
            s, y = s + h, y1
            k[0] = k[6].clone()
        h = next_step(h, error)


def euler(f, state, start, end, points):
    """Fixed Euler on `points` equally spaced times: points - 1 evaluations."""
    system = System(f, state, backwards=False)
    times, y = torch.linspace(start, end, points, dtype=system.start.dtype), system.start
    for a, b in zip(times[:-1], times[1:]):
        y = y + (b - a) * system.slope(a, y)
    return system.parts(y), system.evaluations
