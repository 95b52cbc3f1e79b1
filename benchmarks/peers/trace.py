# trace: the PyTorch peer of one evaluation of velocity + exact divergence.
"""usage: trace.py D WIDTH LAYERS BATCH ACTIVATION [--threads T] [--method autograd|jvp|jacfwd] [--once]
commands: `run [METHOD] [K]`  K evaluations  -> {"ms": milliseconds an evaluation, "gflops", "method"}
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
    x, t = torch.randn(options.batch, options.d), torch.tensor(0.4)
    basis = basis_for(x)
    flops = (1 + options.d) * field.flops(options.batch)

    def evaluate(method):
        with torch.no_grad():
            return methods[method](field, t, x, basis)

    def run(method=options.method, count="1"):
        if method not in methods:
            raise ValueError(f"expected one of {', '.join(methods)}, got {method}")
        ms = elapsed_ms(lambda: evaluate(method), int(count))
        return {"ms": ms, "gflops": flops / ms / 1e6, "method": method}

    expected = evaluate("autograd")
    differences = {}
    for name in methods:
        velocity, trace = evaluate(name)
        differences[name] = max((velocity - expected[0]).abs().max().item(), (trace - expected[1]).abs().max().item())
    peer = f"pytorch {options.method} trace"
    serve({"run": run}, once=options.once, peer=peer, flops=flops, differencesFromAutograd=differences)


main()
