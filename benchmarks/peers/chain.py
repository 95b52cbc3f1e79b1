# chain: what one does with a chain of velocity fields: transport, sampling, log-density by the authors' protocols.
import math

import torch
from integrate import dopri5, euler
from traces import basis_for, by_autograd, by_jvp


class Work:
    """Evaluations spent: of the velocity alone, and of velocity with exact divergence; calls, and calls times rows."""

    def __init__(self):
        self.calls, self.rows = {"velocity": 0, "trace": 0}, {"velocity": 0, "trace": 0}

    def add(self, kind, calls, rows):
        self.calls[kind] += calls
        self.rows[kind] += calls * rows

    def report(self, rows):
        """`evaluations`: calls of each kind over all batches; `evaluationsPerRow`: the average of a row."""
        per_row = {kind: count / max(rows, 1) for kind, count in self.rows.items()}
        return {"evaluations": dict(self.calls), "evaluationsPerRow": per_row}


def transport(block, x, tolerance, work, backwards=False):
    """One block's map, data to noise (or back), by dopri5 with rtol = atol = tolerance; the batch is one system."""
    start, end = (1.0, 0.0) if backwards else (0.0, 1.0)
    with torch.no_grad():
        (y,), calls = dopri5(lambda t, state: (block(t, state[0]),), (x,), start, end, tolerance)
    work.add("velocity", calls, len(x))
    return y


def with_divergence(block, x, solve, trace):
    """(end point, integral of the divergence, evaluations) of one block, both integrated together by `solve`."""
    basis = basis_for(x)
    with torch.no_grad():
        state = (x, torch.zeros(len(x), dtype=x.dtype))
        (y, logarithm), calls = solve(lambda t, s: trace(block, t, s[0], basis), state)
    return y, logarithm, calls


def log_density(blocks, x, protocol, tolerance, work, forward_mode=False):
    """log p(x) [rows] in the blocks' own (standardized) units. Protocols:
    dopri5        point and log-determinant jointly by dopri5, handed over to the next block together
    authors-2d    log-determinant jointly by dopri5; the point handed over comes from a second dopri5 run of its own
    euler149      log-determinant by Euler on 150 points, hand-over by a separate dopri5, the last end point by Euler"""
    trace = by_jvp if forward_mode else by_autograd
    solvers = {
        "dopri5": lambda f, state: dopri5(f, state, 0.0, 1.0, tolerance),
        "authors-2d": lambda f, state: dopri5(f, state, 0.0, 1.0, tolerance),
        "euler149": lambda f, state: euler(f, state, 0.0, 1.0, 150),
    }
    total = torch.zeros(len(x), dtype=x.dtype)
    for n, block in enumerate(blocks):
        end, logarithm, calls = with_divergence(block, x, solvers[protocol], trace)
        work.add("trace", calls, len(x))
        total += logarithm
        separate = protocol != "dopri5" and n < len(blocks) - 1
        x = transport(block, x, tolerance, work) if separate else end
    return total - 0.5 * (x.pow(2).sum(1) + x.shape[1] * math.log(2 * math.pi))


protocols = ("dopri5", "authors-2d", "euler149")


def to_noise(blocks, x, tolerance, work):
    for block in blocks:
        x = transport(block, x, tolerance, work)
    return x


def to_data(blocks, z, tolerance, work):
    for block in reversed(blocks):
        z = transport(block, z, tolerance, work, backwards=True)
    return z


def in_batches(work_on, rows, batch):
    return torch.cat([work_on(part) for part in rows.split(batch)])
