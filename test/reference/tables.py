# tables: RandomState, the literature's preparations and the authors' points of a picture, by NumPy and pandas. Makes tables.json.
"""tables.json: `random`: per seed the first words, uniforms and normals of numpy.random.RandomState; `shuffles`: per
count, RandomState(42).shuffle of 0 … count-1 and of rows: first and last places and the SHA-256 of all (uint32, little
endian); `power`, `miniboone`, `gas`: the published preparations of synthetic files made by `quasi` below: rows of each
part, mean, deviation, first and last rows, sums of columns, and the SHA-256 of each part (float32, little endian); `picture`: points drawn
as the authors draw them from levels (i * i + 3 * i) % 7 of a 5 x 4 picture. Run: python test/reference/tables.py"""
import hashlib
import json
from pathlib import Path

import numpy as np
import pandas as pd


def quasi(rows, column):
    """Whole numbers below 10007 that look random: exact in any language."""
    i = np.arange(rows, dtype=np.int64)
    return (i * i * 31 + i * (977 * column + 7919) + 104729 * column) % 10007


def sha(array, kind):
    return hashlib.sha256(np.ascontiguousarray(array).astype(kind).tobytes()).hexdigest()


def parts(data):
    """Last tenth, last tenth of the rest, rest."""
    n_test = int(0.1 * len(data))
    rest, test = data[:-n_test], data[-n_test:]
    n_validation = int(0.1 * len(rest))
    return rest[:-n_validation], rest[-n_validation:], test


def summary(train, validation, test, mean, deviation):
    whole = {"train": train, "validation": validation, "test": test}
    return {
        "mean": [float(v) for v in mean],
        "deviation": [float(v) for v in deviation],
        "parts": {
            name: {
                "rows": len(x),
                "first": [float(v) for v in x[0].astype("<f4")],
                "last": [float(v) for v in x[-1].astype("<f4")],
                "sums": [float(v) for v in x.sum(axis=0)],
                "sha256": sha(x, "<f4"),
            }
            for name, x in whole.items()
        },
    }


def scaled_by_both(train, validation, test):
    both = np.vstack((train, validation))
    mean, deviation = both.mean(axis=0), both.std(axis=0)
    return summary(*[(x - mean) / deviation for x in (train, validation, test)], mean, deviation)


def power():
    """2 003 rows; column k is quasi(k) / (1, 10, 100, 1000 in turn)."""
    data = np.stack([quasi(2003, k) / 10 ** (k % 4) for k in range(8)], axis=1)
    state = np.random.RandomState(42)
    state.shuffle(data)
    data = np.delete(data, [1, 3], axis=1)
    n = len(data)
    voltage, active, meters = 0.01 * state.rand(n, 1), 0.001 * state.rand(n, 1), state.rand(n, 3)
    data = data + np.hstack((active, voltage, meters, np.zeros((n, 1))))
    return scaled_by_both(*parts(data))


def miniboone():
    """731 rows; column k is quasi(k) / 7 - 100 k."""
    return scaled_by_both(*parts(np.stack([quasi(731, k) / 7 - 100 * k for k in range(43)], axis=1)))


def gas():
    """1 201 rows. S1, S2, S3 lie 20, 0 and 10 degrees from one direction, so that S3 is like both others, which are not
    alike; S4 is like S5; S6 is the opposite of S5; S7 to S9 stand alone."""
    x, y = (quasi(1201, k) - 5003.0 for k in (1, 2))
    turned = {f"S{k}": np.cos(np.radians(a)) * x + np.sin(np.radians(a)) * y for k, a in ((1, 20), (2, 0), (3, 10))}
    z = quasi(1201, 3) + 0.0
    frame = pd.DataFrame({
        "Time": np.arange(1201) / 100, "Meth": quasi(1201, 8) + 0.0, "Eth": quasi(1201, 9) + 0.0, **turned,
        "S4": z + quasi(1201, 4) / 16, "S5": z, "S6": -2 * z,
        "S7": quasi(1201, 5) + 1e5, "S8": quasi(1201, 6) / 3, "S9": quasi(1201, 7) * 1e-4,
    })
    frame = frame.drop(columns=["Meth", "Eth", "Time"])
    while True:
        alike = frame.columns[(frame.corr() > 0.98).sum() > 1]
        if len(alike) == 0:
            break
        frame = frame.drop(columns=alike[0])
    mean, deviation = frame.mean(), frame.std()
    scaled = ((frame - mean) / deviation).values
    return {"columns": list(frame.columns), **summary(*parts(scaled), mean.values, deviation.values)}


def picture():
    i = np.arange(20)
    levels = ((i * i + 3 * i) % 7).reshape(4, 5)
    state = np.random.RandomState(1103)
    height, width = levels.shape
    xs, ys = np.meshgrid(np.linspace(-4, 4, width), np.linspace(-4, 4, height))
    centres = np.stack([xs.reshape(-1), ys.reshape(-1)], axis=1)
    dark = (levels.max() - levels[::-1]).reshape(-1).astype(np.float64)
    pixels = state.choice(20, 500, p=dark / (dark.sum() + 1e-12))
    points = state.randn(500, 2) * np.array([4 / width, 4 / height]) + centres[pixels]
    return {"points": [float(v) for v in points[:20].reshape(-1)], "last": [float(v) for v in points[-1]]}


def random_numbers(seed):
    words, state = np.random.RandomState(seed), np.random.RandomState(seed)
    normals, long = np.random.RandomState(seed), np.random.RandomState(seed)
    return {
        "seed": seed,
        "words": [int(v) for v in words.randint(0, 2**32, 4, dtype=np.uint32)],
        "uniforms": [float(v) for v in state.rand(2, 2).reshape(-1)],
        "normals": [float(v) for v in normals.randn(5)],
        "uniformsSha256": sha(long.random_sample(100_000), "<f8"),
    }


def shuffle(count):
    order = np.arange(count)
    np.random.RandomState(42).shuffle(order)
    rows = np.stack([np.arange(count), -np.arange(count)], axis=1)
    np.random.RandomState(42).shuffle(rows)
    assert (rows[:, 0] == order).all() and (rows[:, 1] == -order).all()
    ends = [int(v) for v in (*order[:5], *order[-5:])]
    return {"count": count, "ends": ends, "sha256": sha(order, "<u4")}


content = {
    "random": [random_numbers(seed) for seed in (0, 42, 1103, 2**32 - 1)],
    "shuffles": [shuffle(count) for count in (10, 64, 65, 100_000)],
    "power": power(),
    "miniboone": miniboone(),
    "gas": gas(),
    "picture": picture(),
}
lines = (f"{json.dumps(key)}:{json.dumps(value, separators=(',', ':'))}" for key, value in content.items())
text = "{\n" + ",\n".join(lines) + "\n}\n"
(Path(__file__).parent / "tables.json").write_text(text)
print(f"tables.json: {len(text)} bytes")
