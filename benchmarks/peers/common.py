# common: what the PyTorch peers share: the velocity network, the line protocol with the benchmark runner, timing.
"""Every peer is a small server: it prints one JSON line when it is ready, then reads one-line commands from stdin and
answers each with one JSON line, so that a runner can alternate our repetitions and theirs. `quit` or the end of input
ends it. With --once it does a single `run` and leaves."""
import json
import re
import sys
import time

import torch
from torch import nn


class Velocity(nn.Module):
    """The velocity MLP: x [rows, d] and t (a number, or [rows, 1]) to [rows, d]. Column 0 of the first input is t."""

    def __init__(self, d, hidden, activation, every=False):
        super().__init__()
        sizes = [d, *hidden, d]
        self.every = every
        self.activation = activation_of(activation)
        self.layers = nn.ModuleList(
            nn.Linear(a + (1 if every or k == 0 else 0), b) for k, (a, b) in enumerate(zip(sizes, sizes[1:]))
        )

    def forward(self, t, x):
        column = t if torch.is_tensor(t) and t.ndim == 2 else torch.ones_like(x[:, :1]) * t
        last = len(self.layers) - 1
        for k, layer in enumerate(self.layers):
            x = layer(torch.cat([column, x], dim=1) if k == 0 or self.every else x)
            x = x if k == last else self.activation(x)
        return x

    def flops(self, rows):
        """Floating-point operations of one forward pass over `rows` rows (multiply and add counted apart)."""
        return sum(2 * rows * layer.weight.numel() for layer in self.layers)


def activation_of(name):
    """relu, elu, silu, gelu, tanh, softplus(BETA); bare softplus means beta 20, as in the authors' 2D networks."""
    softplus = re.fullmatch(r"softplus(?:\(([0-9.]+)\))?", name)
    if softplus:
        return nn.Softplus(beta=float(softplus.group(1) or 20))
    known = {"relu": nn.ReLU, "elu": nn.ELU, "silu": nn.SiLU, "gelu": nn.GELU, "tanh": nn.Tanh}
    if name not in known:
        raise SystemExit(f"activation: expected one of {', '.join(known)}, softplus(BETA), got {name}")
    return known[name]()


def add_common_options(parser, threads=True):
    if threads:
        parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--flush-denormal", action="store_true", help="treat denormal numbers as zero")
    parser.add_argument("--seed", type=int, default=1103)
    parser.add_argument("--once", action="store_true", help="one run, then leave, without reading commands")


def prepare(options):
    """Threads, denormals and seed, before anything is computed."""
    torch.set_num_threads(options.threads)
    if options.flush_denormal and not torch.set_flush_denormal(True):
        raise SystemExit("--flush-denormal: not supported by this processor")
    torch.manual_seed(options.seed)


def say(**fields):
    print(json.dumps(fields), flush=True)


def serve(commands, *, once, **ready):
    """Answers commands; `commands` maps a first word to a function of the remaining words that returns a dict."""
    say(ready=True, torch=torch.__version__, threads=torch.get_num_threads(), **ready)
    if once:
        say(**commands["run"]())
        return
    for line in sys.stdin:
        words = line.split()
        if not words:
            continue
        if words[0] == "quit":
            return
        try:
            if words[0] not in commands:
                raise ValueError(f"expected one of {', '.join(commands)}, quit; got {words[0]}")
            say(**commands[words[0]](*words[1:]))
        except Exception as error:  # the runner reads it; the server lives on
            say(error=f"{type(error).__name__}: {error}")


def elapsed_ms(work, repeat=1):
    """Milliseconds of one call of `work`, averaged over `repeat` calls."""
    start = time.perf_counter()
    for _ in range(repeat):
        work()
    return 1e3 * (time.perf_counter() - start) / repeat
