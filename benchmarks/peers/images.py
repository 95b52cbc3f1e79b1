# images: the PyTorch peer of a convolution, forward and backward, and of a training step of a whole U-net.
"""usage: images.py layer BATCH INPUTS SIZE OUTPUTS [--threads N]                      a 3 x 3 convolution
       images.py unet BATCH C,H,W CHANNELS MULTIPLIERS BLOCKS ATTENTION_AT HEAD      lists are joined by commas
command: `run K`  K times forward and backward -> {"ms": milliseconds a time}"""
import argparse

import torch
import torch.nn.functional as F
from common import add_common_options, elapsed_ms, prepare, serve
from unet_model import Unet


def layer(batch, inputs, size, outputs):
    batch, inputs, size, outputs = int(batch), int(inputs), int(size), int(outputs)
    x = torch.randn(batch, inputs, size, size, requires_grad=True)
    weight = torch.randn(outputs, inputs, 3, 3, requires_grad=True)
    g = torch.randn(batch, outputs, size, size)
    return lambda: torch.autograd.grad(F.conv2d(x, weight, padding=1), [x, weight], g)


def unet(batch, image, channels, multipliers, blocks, attention_at, head):
    whole = lambda text: [int(word) for word in text.split(",") if word]
    image = whole(image)
    model = Unet(image, int(channels), whole(multipliers), int(blocks), whole(attention_at), int(head))
    for parameter in model.parameters():
        if not parameter.any():
            torch.nn.init.normal_(parameter, std=0.05)
    x, target, t = torch.randn(int(batch), *image), torch.randn(int(batch), *image), torch.rand(int(batch))

    adam = torch.optim.Adam(model.parameters(), lr=1e-3)

    def step():
        adam.zero_grad(set_to_none=True)
        (model(x, t) - target).pow(2).mean().backward()
        adam.step()

    return step


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["layer", "unet"])
    parser.add_argument("sizes", nargs="+")
    add_common_options(parser)
    options = parser.parse_args()
    prepare(options)
    work = {"layer": layer, "unet": unet}[options.what](*options.sizes)
    for _ in range(2):
        work()
    serve({"run": lambda count="5": {"ms": elapsed_ms(work, int(count))}}, once=options.once, peer="pytorch-eager")


main()
