# train: the PyTorch peer of fitting a chain of flows block after block, the way the authors' scripts do it.
"""usage: train.py --preset tree|letter|letter-plain --train TRAIN.npy --test TEST.npy
       [--iterations K] [--rows N] [--test-rows N] [--save MODEL.safetensors] [--threads T] [--once]
Any setting of the preset can be replaced; names are those of `localflow fit`.
commands: `run` -> trains everything, with a JSON line per block on the way ({"block", "trainSeconds", "pushSeconds",
"loss"}), then {"ms", "nll", "trainSeconds", "pushSeconds", "nllSeconds"}. Left out are plots, checkpoints and the NLL
on subsets while training; each step reads the loss back, as theirs do. pushSeconds of block n carries the pool through
block n-1."""
import argparse
import copy
import math
import time

import numpy as np
import torch
from chain import Work, in_batches, log_density, protocols, transport
from common import Velocity, add_common_options, prepare, say, serve
from model_file import write_model

presets = {
    "tree": dict(steps="0.025,0.031,0.039,0.049,0.061,free", interpolant="linear",
                 hidden="256x3", activation="softplus(20)",
                 batch_size=2000, iterations=1500, learning_rate=1e-3, decay="0.9/150", protocol="authors-2d"),
    "letter": dict(steps="0.35,free", interpolant="trigonometric", hidden="256x4", activation="relu",
                   batch_size=1000, iterations=4000, learning_rate=2e-3, decay="0.8/400", protocol="euler149"),
    "letter-plain": dict(steps="free", interpolant="trigonometric", hidden="256x4", activation="relu",
                         batch_size=1000, iterations=8000, learning_rate=2e-3, decay="0.8/800", protocol="euler149"),
}  # fmt: skip


def options_of(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--preset", choices=presets, default="tree")
    parser.add_argument("--train", required=True, help="the pool, a .npy file [rows, d]")
    parser.add_argument("--test", required=True)
    parser.add_argument("--rows", type=int, help="only the first so many training rows")
    parser.add_argument("--test-rows", type=int, help="only the first so many test rows")
    parser.add_argument("--steps")
    parser.add_argument("--interpolant", choices=("linear", "trigonometric"))
    parser.add_argument("--hidden", help="WIDTHxLAYERS")
    parser.add_argument("--activation")
    parser.add_argument("--batch-size", type=int)
    parser.add_argument("--iterations", type=int, help="per block")
    parser.add_argument("--learning-rate", type=float)
    parser.add_argument("--decay", help="FACTOR/EVERY")
    parser.add_argument("--protocol", choices=protocols, help="of the final NLL")
    parser.add_argument("--cold-start", action="store_true", help="do not start a block from the block before")
    parser.add_argument("--tolerance", type=float, default=1e-3)
    parser.add_argument("--push-batch", type=int, default=10000)
    parser.add_argument("--save", help="write the trained chain, readable by model.py")
    add_common_options(parser)
    options = parser.parse_args(arguments)
    for name, value in presets[options.preset].items():
        if getattr(options, name) is None:
            setattr(options, name, value)
    return options


def batches(pool, size):
    """Endless batches: a fresh permutation for each pass, the incomplete last batch dropped."""
    if len(pool) < size:
        raise ValueError(f"train: expected at least {size} rows for a batch, got {len(pool)}")
    while True:
        order = torch.randperm(len(pool))
        for start in range(0, len(pool) - size + 1, size):
            yield pool[order[start : start + size]]


def target(x_l, step):
    """x_r of the dependent coupling: an Ornstein-Uhlenbeck step from x_l, or fresh noise for the free block."""
    noise = torch.randn_like(x_l)
    if step == "free":
        return noise
    shrink = math.exp(-float(step))
    return shrink * x_l + math.sqrt(1 - shrink**2) * noise


def loss_of(field, x_l, x_r, interpolant):
    t = torch.rand(len(x_l), 1)
    if interpolant == "linear":
        velocity = x_r - x_l
        point = x_l + t * velocity
    else:
        cosine, sine = torch.cos(math.pi / 2 * t), torch.sin(math.pi / 2 * t)
        point = cosine * x_l + sine * x_r
        velocity = math.pi / 2 * (cosine * x_r - sine * x_l)
    return (field(t, point) - velocity).pow(2).mean()


def train_block(field, pool, step, options):
    """Trains one block in place; returns the mean loss of its last tenth."""
    factor, every = options.decay.split("/")
    adam = torch.optim.Adam(field.parameters(), lr=options.learning_rate)
    schedule = torch.optim.lr_scheduler.StepLR(adam, step_size=int(every), gamma=float(factor))
    supply, losses = batches(pool, options.batch_size), []
    for _ in range(options.iterations):
        x_l = next(supply)
        adam.zero_grad(set_to_none=True)
        loss = loss_of(field, x_l, target(x_l, step), options.interpolant)
        losses.append(loss.item())
        loss.backward()
        adam.step()
        schedule.step()
    return float(np.mean(losses[-max(1, len(losses) // 10) :]))


def fit(options, pool):
    """All blocks, one after the other, a line said for each. Returns the blocks and the seconds spent."""
    width, layers = map(int, options.hidden.split("x"))
    blocks, seconds = [], {"trainSeconds": 0.0, "pushSeconds": 0.0}
    for n, step in enumerate(options.steps.split(",")):
        start = time.perf_counter()
        if blocks:
            push = lambda part: transport(blocks[-1], part, options.tolerance, Work())
            pool = in_batches(push, pool, options.push_batch)
        pushed = time.perf_counter()
        warm = blocks and not options.cold_start
        field = copy.deepcopy(blocks[-1]) if warm else Velocity(pool.shape[1], [width] * layers, options.activation)
        loss = train_block(field.train(), pool, step, options)
        blocks.append(field.eval())
        spent = {"trainSeconds": time.perf_counter() - pushed, "pushSeconds": pushed - start}
        say(block=n, step=step, loss=loss, msPerIteration=1e3 * spent["trainSeconds"] / options.iterations, **spent)
        seconds = {name: seconds[name] + value for name, value in spent.items()}
    return blocks, seconds


def configuration_of(options):
    width, layers = map(int, options.hidden.split("x"))
    network = {"hidden": [width] * layers, "activation": options.activation, "timeInput": "first"}
    return {"blocks": [{"network": network} for _ in options.steps.split(",")]}


def main():
    options = options_of()
    prepare(options)
    pool, test = (torch.from_numpy(np.load(path)).float() for path in (options.train, options.test))
    pool, test = pool[: options.rows], test[: options.test_rows]

    def run():
        torch.manual_seed(options.seed)
        start = time.perf_counter()
        blocks, seconds = fit(options, pool)
        if options.save:
            write_model(options.save, blocks, configuration_of(options))
        scoring, work = time.perf_counter(), Work()
        one = lambda part: log_density(blocks, part, options.protocol, options.tolerance, work)
        values = in_batches(one, test, options.push_batch).double()
        end = time.perf_counter()
        return {
            "ms": 1e3 * (end - start),
            "nll": -values.mean().item(),
            "standardError": values.std().item() / len(values) ** 0.5,
            "protocol": options.protocol,
            **seconds,
            "nllSeconds": end - scoring,
            **work.report(len(test)),
        }

    serve({"run": run}, once=options.once, peer=f"pytorch {options.preset}", rows=len(pool), testRows=len(test))


main()
