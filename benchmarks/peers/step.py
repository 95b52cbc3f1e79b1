# step: the PyTorch peer of one training step of a velocity MLP (forward, backward, Adam) on a fixed batch.
"""usage: step.py D WIDTH LAYERS BATCH THREADS ACTIVATION [--compile] [--fused] [--flush-denormal] [--once]
commands: `run K`              K steps     -> {"ms": milliseconds a step, "gflops", "loss"}
          `matmul K`           the machine -> {"ms", "gflops"} of a 2048^3 product
          `layer ROWS WIDTH`   the limit   -> {"ms", "gflops"} of the three products of a layer, one after the other"""
import argparse
import statistics

import torch
from common import Velocity, add_common_options, elapsed_ms, prepare, serve


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("d", "width", "layers", "batch", "threads"):
        parser.add_argument(name, type=int)
    parser.add_argument("activation")
    parser.add_argument("--compile", action="store_true", help="torch.compile the loss")
    parser.add_argument("--fused", action="store_true", help="the fused Adam kernel")
    add_common_options(parser, threads=False)
    options = parser.parse_args()
    prepare(options)

    field = Velocity(options.d, [options.width] * options.layers, options.activation)
    adam = torch.optim.Adam(field.parameters(), lr=1e-3, fused=options.fused or None)
    x_l, x_r = torch.randn(options.batch, options.d), torch.randn(options.batch, options.d)
    t = torch.rand(options.batch, 1)

    def loss_of(x_l, x_r, t):
        velocity = x_r - x_l
        return (field(t, x_l + t * velocity) - velocity).pow(2).mean()

    loss_used = torch.compile(loss_of) if options.compile else loss_of
    last = {}

    def step():
        adam.zero_grad(set_to_none=True)
        loss = loss_used(x_l, x_r, t)
        loss.backward()
        adam.step()
        last["loss"] = loss

    def run(count="20"):
        ms = elapsed_ms(step, int(count))
        return {"ms": ms, "gflops": 3 * field.flops(options.batch) / ms / 1e6, "loss": last["loss"].item()}

    def matmul(count="5"):
        square = torch.randn(2048, 2048)
        ms = elapsed_ms(lambda: square @ square, int(count))
        return {"ms": ms, "gflops": 2 * 2048**3 / ms / 1e6}

    layers = {}

    def layer(rows, width):
        """x W forward, g W' and x' g backward, into memory that is there; the median of three repetitions."""
        rows, width = int(rows), int(width)
        if (rows, width) not in layers:
            layers[rows, width] = [torch.randn(*shape) for shape in ((rows, width),) * 3 + ((width, width),) * 2]
        x, g, y, weight, gradient = layers[rows, width]

        def products():
            torch.mm(x, weight, out=y)
            torch.mm(g, weight.t(), out=y)
            torch.mm(x.t(), g, out=gradient)

        flops = 6 * rows * width**2
        count = min(200, max(1, round(6e9 / flops)))
        ms = statistics.median(elapsed_ms(products, count) for _ in range(3))
        return {"ms": ms, "gflops": flops / ms / 1e6}

    for _ in range(5):
        step()
    name = "pytorch-compile" if options.compile else "pytorch-eager"
    serve({"run": run, "matmul": matmul, "layer": layer}, once=options.once, peer=name, flops=3 * field.flops(options.batch))


main()
