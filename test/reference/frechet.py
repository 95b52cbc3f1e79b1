# frechet: Fréchet distances by SciPy's matrix square root, and kernel distances, of small sets of features. Makes frechet.json.
"""frechet.json: `cases`: rows of features on both sides, |m - m'|^2 + tr(A + B - 2 sqrtm(A B)) as pytorch-fid computes it (divisor n - 1),
and the unbiased squared distance of the kernel (x.y / d + 1)^3 over all rows, as one block; `statistics`: an .npz with mu and sigma in
base64, plain and compressed, as pytorch-fid writes it, with its numbers. Run: python test/reference/frechet.py"""
import base64
import io
import json
from pathlib import Path

import numpy as np
from scipy import linalg


def features(seed, rows, d, rank):
    generator = np.random.RandomState(seed)
    mix = generator.randn(rank, d)
    return np.round(np.maximum(generator.randn(rows, rank) @ mix + generator.randn(d), -1), 3)


def frechet(x, y):
    mu, nu = x.mean(0), y.mean(0)
    a, b = np.cov(x, rowvar=False), np.cov(y, rowvar=False)
    root = linalg.sqrtm(a @ b)
    return float(np.sum((mu - nu) ** 2) + np.trace(a) + np.trace(b) - 2 * np.trace(root.real))


def kernel(x, y):
    d = x.shape[1]

    def k(p, q):
        return (p @ q.T / d + 1) ** 3

    def within(p):
        n = len(p)
        return (k(p, p).sum() - np.trace(k(p, p))) / (n * (n - 1))

    return float(within(x) + within(y) - 2 * k(x, y).mean())


def case(name, x, y):
    return {"name": name, "d": x.shape[1], "x": x.ravel().tolist(), "y": y.ravel().tolist(),
            "frechet": frechet(x, y), "kernel": kernel(x, y)}


def archive(save, **arrays):
    buffer = io.BytesIO()
    save(buffer, **arrays)
    return base64.b64encode(buffer.getvalue()).decode()


some = features(5, 20, 3, 3)
mu, sigma = some.mean(0), np.cov(some, rowvar=False)
content = {
    "cases": [
        case("full covariances", features(1, 40, 6, 6), features(2, 50, 6, 6)),
        case("features that never vary", np.c_[features(1, 30, 4, 4), np.ones(30)], np.c_[features(2, 30, 4, 4), np.ones(30)]),
        case("fewer rows than features", features(3, 8, 12, 12), features(4, 60, 12, 12)),
    ],
    "statistics": {
        "plain": archive(np.savez, mu=mu, sigma=sigma),
        "compressed": archive(np.savez_compressed, mu=mu, sigma=sigma),
        "mu": mu.tolist(),
        "sigma": sigma.ravel().tolist(),
    },
}
text = json.dumps(content, separators=(",", ":"))
(Path(__file__).parent / "frechet.json").write_text(text + "\n")
print(len(text), [(c["name"], c["frechet"], c["kernel"]) for c in content["cases"]])
