# operators: values and gradients of every operator, from PyTorch in float64. Makes operators.json.
"""operators.json: a list of {operator, attributes, inputs: [{shape, data}], output: {shape, data}, weights, gradients}.
`weights` has the output's shape; gradients[i] is the gradient of sum(output * weights) with respect to the i-th float
input (an int64 input, which says `type`, has none and comes last). Run: python test/reference/operators.py"""
import torch
from shared import drawn, numbers, softplus, write

generator = torch.Generator().manual_seed(2410)
cases = []


def case(operator, f, *inputs, **attributes):
    floats = [x.clone().requires_grad_() for x in inputs if x.is_floating_point()]
    whole = [x for x in inputs if not x.is_floating_point()]
    output = f(*floats, *whole)
    weights = drawn(generator, *output.shape)
    gradients = torch.autograd.grad((output * weights).sum(), floats)
    cases.append({
        "operator": operator,
        "attributes": attributes,
        "inputs": [numbers(x) for x in (*floats, *whole)],
        "output": numbers(output),
        "weights": numbers(weights),
        "gradients": [numbers(g) for g in gradients],
    })


def away_from_zero(x):
    return x + 0.05 * torch.where(x < 0, -1.0, 1.0)


def binary():
    for shape in ([3, 4], [4], [3, 1], []):
        for name, f in (("add", torch.add), ("subtract", torch.sub), ("multiply", torch.mul), ("divide", torch.div)):
            case(name, f, drawn(generator, 3, 4), away_from_zero(drawn(generator, *shape)))
    case("subtract", torch.sub, drawn(generator, 4), drawn(generator, 3, 4))
    case("divide", torch.div, drawn(generator), drawn(generator, 3, 2, low=0.5))
    case("multiply", torch.mul, drawn(generator, 2, 1, 3), drawn(generator, 4, 1))
    case("matmul", torch.matmul, drawn(generator, 3, 4), drawn(generator, 4, 2))
    case("matmul", torch.matmul, drawn(generator, 2, 3, 4), drawn(generator, 4, 2))
    case("matmul", torch.matmul, drawn(generator, 2, 3, 4), drawn(generator, 2, 4, 2))


def unary():
    x = away_from_zero(drawn(generator, 2, 5, low=-3, high=3))
    wide = torch.tensor([-100.0, -20.0, -1.0, -0.05, 0.0, 0.05, 1.0, 4.4, 20.0, 100.0])
    positive = drawn(generator, 2, 3, low=0.01, high=9)
    for name, f in (("log", torch.log), ("sqrt", torch.sqrt)):
        case(name, f, positive)
    for name in ("exp", "abs", "sin", "cos", "tanh", "sigmoid", "relu", "erf"):
        case(name, getattr(torch, name), x)
    case("elu", torch.nn.functional.elu, x, alpha=1)
    case("silu", torch.nn.functional.silu, x)
    case("gelu", torch.nn.functional.gelu, x)
    for name in ("tanh", "sigmoid", "erf"):
        case(name, getattr(torch, name), wide)
    case("silu", torch.nn.functional.silu, wide)
    case("gelu", torch.nn.functional.gelu, wide)
    for beta in (20, 1):
        case("softplus", lambda v, beta=beta: softplus(v, beta), x, beta=beta)
        case("softplus", lambda v, beta=beta: softplus(v, beta), wide, beta=beta)


def reductions():
    x = drawn(generator, 2, 3, 4)
    for axes in ([0], [1], [2], [0, 2], [0, 1, 2]):
        for keep in (False, True) if axes in ([1], [0, 2]) else (False,):
            attributes = {"axes": axes, "keep": keep}
            case("sum", lambda v: v.sum(axes, keepdim=keep), x, **attributes)
            case("mean", lambda v: v.mean(axes, keepdim=keep), x, **attributes)
            case("max", lambda v: v.amax(axes, keepdim=keep), x, **attributes)


def movement():
    x = drawn(generator, 3, 4)
    for axis, shape in ((0, (2, 4)), (1, (3, 1))):
        case("concat", lambda a, b: torch.cat([a, b], axis), x, drawn(generator, *shape), axis=axis)
    three = [drawn(generator, 2, width) for width in (1, 2, 1)]
    case("concat", lambda *parts: torch.cat(parts, 1), *three, axis=1)
    case("slice", lambda v: v[1:3], x, axis=0, start=1, end=3)
    case("slice", lambda v: v[:, 0:2], x, axis=1, start=0, end=2)
    case("slice", lambda v: v[:, 1:2], drawn(generator, 2, 3, 2), axis=1, start=1, end=2)
    case("transpose", lambda v: v.permute(1, 0), x, permutation=[1, 0])
    case("transpose", lambda v: v.permute(2, 0, 1), drawn(generator, 2, 3, 2), permutation=[2, 0, 1])
    case("gather", lambda v, rows: v[rows], x, torch.tensor([2, 0, 2, 1, 2]), axis=0)
    case("linear", lambda v, w, b: v @ w + b, drawn(generator, 5, 3), drawn(generator, 3, 2), drawn(generator, 2))


if __name__ == "__main__":
    binary()
    unary()
    reductions()
    movement()
    write("operators.json", cases)
