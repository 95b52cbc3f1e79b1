# trace: the PyTorch peer of one evaluation of velocity + exact divergence.
"""usage: trace.py D WIDTH LAYERS BATCH ACTIVATION [--threads T] [--method autograd|jvp|jacfwd] [--once]
commands: `run [METHOD] [K] [BATCH]`  K evaluations     -> {"ms": milliseconds an evaluation, "gflops", "method"}
          `tune METHOD BATCH...`      the best of these -> {"ms": milliseconds an evaluation, "batch"}
autograd is what the authors do (batched over the basis vectors), jvp and jacfwd are torch.func."""
import argparse

import torch
from common import Velocity, add_common_options, elapsed_ms, prepare, serve
from traces import basis_for, methods


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("d", "width", "layers", "batch"):
        parser.add_argument(name, type=int)
    parser.add_argument("activation")
    parser.add_argument("--method", choices=methods, default="autograd", help="the method of a bare `run`")
    add_common_options(parser)
    options = parser.parse_args()
    prepare(options)

    field = Velocity(options.d, [options.width] * options.layers, options.activation).eval()
    t, points = torch.tensor(0.4), {}

    def evaluate(method, batch=options.batch):
        if method not in methods:
            raise ValueError(f"expected one of {', '.join(methods)}, got {method}")
        if batch not in points:
            points[batch] = torch.randn(batch, options.d)
        x = points[batch]
        with torch.no_grad():
            return methods[method](field, t, x, basis_for(x))

    def run(method=options.method, count="1", batch=options.batch):
        batch = int(batch)
        ms = elapsed_ms(lambda: evaluate(method, batch), int(count))
        return {"ms": ms, "gflops": (1 + options.d) * field.flops(batch) / ms / 1e6, "method": method}

    def tune(method, *batches):
        """Two rounds after one that warms up; as many rows in each measurement."""
        sizes, best = [int(batch) for batch in batches], {}
        for turn in range(3):
            for batch in sizes:
                ms = elapsed_ms(lambda: evaluate(method, batch), max(sizes) // batch)
                best[batch] = ms if turn < 2 else min(ms, best[batch])
        fastest = min(sizes, key=lambda batch: best[batch] / batch)
        return {"ms": best[fastest], "batch": fastest}

    expected = evaluate("autograd")
    differences = {}
    for name in methods:
        velocity, trace = evaluate(name)
        differences[name] = max((velocity - expected[0]).abs().max().item(), (trace - expected[1]).abs().max().item())
    peer = f"pytorch {options.method} trace"
    commands = {"run": run, "tune": tune}
    serve(commands, once=options.once, peer=peer, differencesFromAutograd=differences)


main()
