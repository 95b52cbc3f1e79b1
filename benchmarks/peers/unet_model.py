# unet_model: the velocity network of images in PyTorch, with the parts of src/nn/unet.ts under the same names.
"""Unet(image=(c, h, w), channels, multipliers, residual_blocks, attention_at, head_channels): x [rows, c, h, w] and t [rows]
to velocities [rows, c, h, w]. `tree_names(model)` pairs each parameter with its path in localflow's tree."""
import math

import torch
import torch.nn.functional as F
from torch import nn


def norm(channels):
    return nn.GroupNorm(math.gcd(32, channels // 2 if channels % 2 == 0 else 1), channels)


def conv(inputs, outputs, size=3, stride=1):
    return nn.Conv2d(inputs, outputs, size, stride=stride, padding=size // 2)


def zeroed(layer):
    for parameter in layer.parameters():
        nn.init.zeros_(parameter)
    return layer


class Time(nn.Module):
    def __init__(self, channels, width):
        super().__init__()
        self.first, self.second = nn.Linear(channels, width), nn.Linear(width, width)

    def forward(self, t):
        channels = self.first.in_features
        half = channels // 2
        waves = torch.exp(-math.log(10_000) / half * torch.arange(half, dtype=t.dtype))
        phases = t[:, None] * waves
        columns = F.pad(torch.cat([phases.cos(), phases.sin()], dim=1), (0, channels % 2))
        return F.silu(self.second(F.silu(self.first(columns))))


class Residual(nn.Module):
    def __init__(self, inputs, outputs, width):
        super().__init__()
        self.firstNormalization, self.firstConvolution = norm(inputs), conv(inputs, outputs)
        self.time = nn.Linear(width, outputs)
        self.secondNormalization, self.secondConvolution = norm(outputs), zeroed(conv(outputs, outputs))
        self.skip = conv(inputs, outputs, 1) if inputs != outputs else None

    def forward(self, x, time):
        h = self.firstConvolution(F.silu(self.firstNormalization(x))) + self.time(time)[:, :, None, None]
        h = self.secondConvolution(F.silu(self.secondNormalization(h)))
        return (x if self.skip is None else self.skip(x)) + h


class Attention(nn.Module):
    def __init__(self, channels, head):
        super().__init__()
        self.head = head
        self.normalization, self.input = norm(channels), conv(channels, 3 * channels, 1)
        self.output = zeroed(conv(channels, channels, 1))

    def forward(self, x):
        rows, channels, height, width = x.shape
        parts = self.input(self.normalization(x)).reshape(rows * channels // self.head, 3, self.head, height * width)
        q, k, v = parts.unbind(1)
        scale = self.head**-0.25
        weights = torch.softmax(torch.bmm((q * scale).transpose(1, 2), k * scale), dim=-1)
        return x + self.output(torch.bmm(v, weights.transpose(1, 2)).reshape(x.shape))


class Stage(nn.Module):
    def __init__(self, inputs, outputs, width, head, attends):
        super().__init__()
        self.residual = Residual(inputs, outputs, width)
        self.attention = Attention(outputs, head) if attends else None

    def forward(self, x, time):
        h = self.residual(x, time)
        return h if self.attention is None else self.attention(h)


class Level(nn.Module):
    def __init__(self, stages, resize=None):
        super().__init__()
        self.stages, self.resize = nn.ModuleList(stages), resize


class Exit(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.normalization, self.convolution = norm(inputs), zeroed(conv(inputs, outputs))

    def forward(self, x):
        return self.convolution(F.silu(self.normalization(x)))


class Unet(nn.Module):
    def __init__(self, image, channels, multipliers, residual_blocks, attention_at, head_channels):
        super().__init__()
        width, widths, last = 4 * channels, [channels * m for m in multipliers], len(multipliers) - 1
        stage = lambda i, o, level: Stage(i, o, width, head_channels, -(-image[1] // 2**level) in attention_at)
        self.time, self.entry = Time(channels, width), conv(image[0], widths[0])
        self.down, self.up = nn.ModuleList(), nn.ModuleList()
        skips, current = [widths[0]], widths[0]
        for level, wide in enumerate(widths):
            stages = []
            for _ in range(residual_blocks):
                stages.append(stage(current, wide, level))
                current = wide
                skips.append(wide)
            self.down.append(Level(stages, conv(wide, wide, stride=2) if level < last else None))
            skips += [wide] if level < last else []
        plain = lambda attends: Stage(current, current, width, head_channels, attends)
        self.middle = Level([plain(True), plain(False)])
        for level, wide in reversed(list(enumerate(widths))):
            stages = []
            for _ in range(residual_blocks + 1):
                stages.append(stage(current + skips.pop(), wide, level))
                current = wide
            self.up.append(Level(stages, conv(wide, wide) if level > 0 else None))
        self.exit = Exit(current, image[0])

    def forward(self, x, t):
        time, h = self.time(t), self.entry(x)
        skips = [h]
        for level in self.down:
            for stage in level.stages:
                h = stage(h, time)
                skips.append(h)
            if level.resize is not None:
                h = level.resize(h)
                skips.append(h)
        for stage in self.middle.stages:
            h = stage(h, time)
        for level in self.up:
            for stage in level.stages:
                h = stage(torch.cat([h, skips.pop()], dim=1), time)
            if level.resize is not None:
                height, width = skips[-1].shape[-2:]
                h = level.resize(F.interpolate(h, scale_factor=2, mode="nearest")[:, :, :height, :width])
        return self.exit(h)


def tree_names(model):
    """(path, parameter, transposed) of all parameters: normalisations hold scale and shift, linear weights are [in, out]."""
    for prefix, module in model.named_modules():
        names = {"weight": "scale", "bias": "shift"} if isinstance(module, nn.GroupNorm) else {}
        for name, parameter in module.named_parameters(recurse=False):
            transposed = isinstance(module, nn.Linear) and name == "weight"
            yield f"{prefix}.{names.get(name, name)}".lstrip("."), parameter, transposed
