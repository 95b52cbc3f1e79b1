# images: values and gradients of the layers of image networks and of a small whole one, from PyTorch. Makes images.json.
"""images.json: `layers`: a list of {layer, attributes, inputs, output, weights, gradients}; gradients[i] is that of
sum(output * weights) with respect to inputs[i]. `unet`, `patches`: {configuration, x, t, parameters (by path), output,
weights, gradients (by path), inputGradient}. Run: python test/reference/images.py"""
import sys
from pathlib import Path

import torch
import torch.nn.functional as F
from shared import drawn, numbers, write

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks" / "peers"))
from unet_model import Attention, Time, Unet, tree_names  # noqa: E402

generator = torch.Generator().manual_seed(2410)
layers = []


def layer(name, f, *inputs, **attributes):
    inputs = [x.clone().requires_grad_() for x in inputs]
    output = f(*inputs)
    weights = drawn(generator, *output.shape)
    gradients = torch.autograd.grad((output * weights).sum(), inputs)
    layers.append({
        "layer": name,
        "attributes": attributes,
        "inputs": [numbers(x) for x in inputs],
        "output": numbers(output),
        "weights": numbers(weights),
        "gradients": [numbers(g) for g in gradients],
    })


def convolutions():
    for kernel, stride, padding, size in ((3, 1, 1, (4, 5)), (3, 2, 1, (5, 4)), (3, 2, 1, (4, 4)), (1, 1, 0, (2, 3)), (2, 1, 0, (3, 3))):
        images = drawn(generator, 2, 3, *size)
        kernels, bias = drawn(generator, 4, 3, kernel, kernel), drawn(generator, 4)
        f = lambda x, w, b, s=stride, p=padding: F.conv2d(x, w, b, stride=s, padding=p)
        layer("convolution", f, images, kernels, bias, stride=stride, padding=padding)


def others():
    images = drawn(generator, 2, 6, 3, 2)
    for groups in (2, 3):
        f = lambda x, w, b, n=groups: F.group_norm(x, n, w, b)
        layer("groups", f, images + 3, drawn(generator, 6), drawn(generator, 6), groups=groups)
    layer("last", lambda x: F.layer_norm(x, x.shape[-1:]), drawn(generator, 2, 3, 5))
    layer("double", lambda x: F.interpolate(x, scale_factor=2, mode="nearest"), drawn(generator, 2, 2, 3, 2))
    layer("softmax", lambda x: torch.softmax(x, dim=-1), drawn(generator, 2, 3, 4, low=-90, high=90))
    attention = Attention(4, 2)
    names = [name for name, _ in attention.named_parameters()]

    def attend(x, *parameters):
        return torch.func.functional_call(attention, dict(zip(names, parameters)), (x,))

    parameters = [drawn(generator, *p.shape, low=-1, high=1) for p in attention.parameters()]
    layer("attention", attend, drawn(generator, 2, 4, 2, 3), *parameters, headChannels=2, names=names)


class Block(torch.nn.Module):
    def __init__(self, width, expansion, head):
        super().__init__()
        self.head = head
        self.modulation, self.input = torch.nn.Linear(width, 6 * width), torch.nn.Linear(width, 3 * width)
        self.output, self.hidden = torch.nn.Linear(width, width), torch.nn.Linear(width, expansion * width)
        self.back = torch.nn.Linear(expansion * width, width)

    def forward(self, x, time):
        width = x.shape[-1]
        normal = lambda v: F.layer_norm(v, [width])
        shift, scale, gate, shift2, scale2, gate2 = self.modulation(time)[:, None].chunk(6, dim=-1)
        parts = self.input(normal(x) * (1 + scale) + shift).unflatten(-1, (width // self.head, 3, self.head))
        q, k, v = (part.transpose(1, 2) for part in parts.unbind(3))
        found = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)
        x = x + gate * self.output(found)
        return x + gate2 * self.back(F.gelu(self.hidden(normal(x) * (1 + scale2) + shift2)))


class Exit(torch.nn.Module):
    def __init__(self, width, values):
        super().__init__()
        self.modulation, self.output = torch.nn.Linear(width, 2 * width), torch.nn.Linear(width, values)

    def forward(self, x, time):
        shift, scale = self.modulation(time)[:, None].chunk(2, dim=-1)
        return self.output(F.layer_norm(x, x.shape[-1:]) * (1 + scale) + shift)


class Patches(torch.nn.Module):
    def __init__(self, image, patch, width, blocks, head, expansion):
        super().__init__()
        self.image, self.patch = image, patch
        values = image[0] * patch**2
        self.time, self.entry = Time(width, width), torch.nn.Linear(values, width)
        self.places = torch.nn.Parameter(torch.zeros(image[1] * image[2] // patch**2, width))
        self.blocks = torch.nn.ModuleList(Block(width, expansion, head) for _ in range(blocks))
        self.exit = Exit(width, values)

    def forward(self, x, t):
        time = self.time(t)
        h = self.entry(F.unfold(x, self.patch, stride=self.patch).transpose(1, 2)) + self.places
        for block in self.blocks:
            h = block(h, time)
        return F.fold(self.exit(h, time).transpose(1, 2), self.image[1:], self.patch, stride=self.patch)


def network(model, image, configuration):
    named = list(tree_names(model))
    with torch.no_grad():
        for _, parameter, _ in named:
            parameter.copy_(drawn(generator, *parameter.shape, low=-0.5, high=0.5))
    x = drawn(generator, 2, *image).requires_grad_()
    t = torch.tensor([0.25, 0.875])
    output = model(x, t)
    weights = drawn(generator, *output.shape)
    (output * weights).sum().backward()
    ours = lambda tensor, transposed: numbers(tensor.T if transposed else tensor, digits=7)
    return {
        "configuration": {**configuration, "image": dict(zip(("channels", "height", "width"), image))},
        **{"x": numbers(x.flatten(1)), "t": numbers(t[:, None]), "weights": numbers(weights.flatten(1))},
        "parameters": {path: ours(parameter, transposed) for path, parameter, transposed in named},
        "output": numbers(output.flatten(1)),
        "gradients": {path: ours(parameter.grad, transposed) for path, parameter, transposed in named},
        "inputGradient": numbers(x.grad.flatten(1)),
    }


def unet():
    image = (2, 5, 4)
    configuration = {"channels": 3, "multipliers": [1, 2], "residualBlocks": 1, "attentionAt": [3], "headChannels": 3}
    return network(Unet(image, 3, [1, 2], 1, [3], 3), image, {"kind": "unet", **configuration, "dropout": 0})


def patches():
    image = (2, 4, 6)
    configuration = {"patch": 2, "width": 6, "blocks": 2, "headChannels": 3, "expansion": 2}
    return network(Patches(image, 2, 6, 2, 3, 2), image, {"kind": "patches", **configuration})


if __name__ == "__main__":
    convolutions()
    others()
    write("images.json", {"layers": layers, "unet": unet(), "patches": patches()})
