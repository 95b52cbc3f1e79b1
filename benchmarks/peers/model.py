# model: the PyTorch peer of scoring, sampling and inverting a trained localflow model.
"""usage: model.py MODEL.safetensors nll     --rows FILE.npy [--protocol dopri5|authors-2d|euler149] [--forward-mode]
       model.py MODEL.safetensors sample  N
       model.py MODEL.safetensors inverse --rows FILE.npy
common:  [--tolerance 1e-3] [--batch 10000] [--limit ROWS] [--double] [--out FILE.npy] [--threads T] [--once]
commands: `run` -> one timed repetition, one JSON line with "ms" and the evaluations spent.
nll      NLL in nats per row, in the units of the rows given; dopri5 has rtol = atol = tolerance, traces are exact.
inverse  data to noise and back; a row's error is its largest coordinate difference, in standardized units."""
import argparse

import numpy as np
import torch
from chain import Work, in_batches, log_density, protocols, to_data, to_noise
from common import add_common_options, elapsed_ms, prepare, serve
from model_file import read_model


def options_of(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("task", choices=("nll", "sample", "inverse"))
    parser.add_argument("count", nargs="?", type=int, help="how many samples to draw")
    parser.add_argument("--rows", help="rows to score or to carry there and back, a .npy file [rows, d]")
    parser.add_argument("--limit", type=int, help="only the first so many rows")
    parser.add_argument("--protocol", choices=protocols, default="dopri5")
    parser.add_argument("--forward-mode", action="store_true", help="traces by torch.func.jvp, not by batched autograd")
    parser.add_argument("--tolerance", type=float, default=1e-3)
    parser.add_argument("--batch", type=int, default=10000)
    parser.add_argument("--double", action="store_true", help="float64")
    parser.add_argument("--out", help="write the log-densities, samples or errors as .npy")
    add_common_options(parser)
    options = parser.parse_args(arguments)
    if options.task == "sample" and not options.count:
        parser.error("sample: expected the number of samples")
    if options.task != "sample" and not options.rows:
        parser.error(f"{options.task}: expected --rows FILE.npy")
    return options


def score(options, blocks, x, deviation):
    work = Work()
    one = lambda part: log_density(blocks, part, options.protocol, options.tolerance, work, options.forward_mode)
    values = in_batches(one, x, options.batch).double() - deviation.double().log().sum()
    error = values.std().item() / len(values) ** 0.5
    return values, {"nll": -values.mean().item(), "standardError": error, **work.report(len(x))}


def sample(options, blocks, mean, deviation):
    work = Work()
    noise = torch.randn(options.count, len(mean), dtype=mean.dtype)
    x = in_batches(lambda part: to_data(blocks, part, options.tolerance, work), noise, options.batch)
    return x * deviation + mean, work.report(options.count)


def invert(options, blocks, x):
    work = Work()
    there_and_back = lambda p: to_data(blocks, to_noise(blocks, p, options.tolerance, work), options.tolerance, work)
    errors = (in_batches(there_and_back, x, options.batch) - x).abs().amax(1)
    summary = {"median": errors.median().item(), "p99": errors.quantile(0.99).item(), "largest": errors.max().item()}
    relative = {name: value / options.tolerance for name, value in summary.items()}
    return errors, {"error": summary, "errorOverTolerance": relative, **work.report(len(x))}


def main():
    options = options_of()
    prepare(options)
    blocks, mean, deviation = read_model(options.model, torch.float64 if options.double else torch.float32)
    x = mean[None]
    if options.rows:
        x = (torch.from_numpy(np.load(options.rows)[: options.limit]).to(mean.dtype) - mean) / deviation

    def run():
        outcome = {}

        def work():
            if options.task == "nll":
                outcome["values"], outcome["report"] = score(options, blocks, x, deviation)
            elif options.task == "sample":
                outcome["values"], outcome["report"] = sample(options, blocks, mean, deviation)
            else:
                outcome["values"], outcome["report"] = invert(options, blocks, x)

        ms = elapsed_ms(work)
        if options.out:
            np.save(options.out, outcome["values"].numpy())
        return {"ms": ms, "rows": len(outcome["values"]), **outcome["report"]}

    serve({"run": run}, once=options.once, peer=f"pytorch {options.task}", blocks=len(blocks), columns=len(mean))


main()
