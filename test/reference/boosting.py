# boosting: what scikit-learn's HistGradientBoosting makes of small tables. Makes boosting.json.
"""boosting.json: entries of {name, columns, target, classes, expected}. A column holds numbers, or letters ("text"): one
row a letter, of the alphabet `letters`, whose place is a number (`kind` "numeric") or a category (`kind` "category"), "-"
marks a gap; `null` among numbers does. Rows whose place is 0, 1 or 2 modulo 10 are for testing, the others for training
(100 iterations, no early stopping, defaults otherwise). `expected`: of classes accuracy, macro F1 and log loss, of two
classes AUC, of numbers RMSE and R2; `train`: log loss or RMSE on the training rows after 10
iterations, where ties between splits have not yet led to other trees. The table "made" follows no data: a walk of x -> 16807 x mod (2^31 - 1), see `made`.
Debian's python3-sklearn makes it: /usr/bin/python3 test/reference/boosting.py"""
import json
from pathlib import Path

import numpy as np
import sklearn
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_wine
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.metrics import accuracy_score, f1_score, log_loss, mean_squared_error, r2_score, roc_auc_score

letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def lehmer(seed):
    state = seed
    while True:
        state = state * 16807 % 2147483647
        yield state / 2147483647


def made(rows):
    """Columns a, b (numbers, gaps in b mostly where a is large), c (12 categories, gaps), d (3 categories); y and its class."""
    draw = lehmer(2026)
    table, y = [], []
    for _ in range(rows):
        u, v, w, x, noise, gap = (next(draw) for _ in range(6))
        a, b, c, d = round(1000 * u) / 100, round(1000 * v) / 100, int(12 * w * w), int(3 * x)
        height = [2, -1, 0, 3, -2, 1, 1, -3, 2, 0, -1, 4][c]
        y.append(height + (a - b if d == 1 else 0.3 * b * (d - 1)) + 6 * (noise - 0.5))
        table.append([a, np.nan if gap < 0.2 + 0.03 * a else b, np.nan if gap > 0.95 else c, d])
    return np.array(table), np.array(y)


def spelled(column, kind):
    """Small whole numbers as letters."""
    if np.all(np.isnan(column) | ((column % 1 == 0) & (column >= 0) & (column < len(letters)))):
        text = "".join("-" if np.isnan(value) else letters[int(value)] for value in column)
        return {"kind": kind, "text": text}
    return {"kind": kind, "numbers": [None if np.isnan(v) else int(v) if v % 1 == 0 else float(v) for v in column]}


def expected(x, y, classes, categories):
    test = np.arange(len(y)) % 10 < 3
    kind = HistGradientBoostingClassifier if classes else HistGradientBoostingRegressor
    model = kind(early_stopping=False, categorical_features=categories or None)
    model.fit(x[~test], y[~test])
    early = kind(early_stopping=False, categorical_features=categories or None, max_iter=10)
    early.fit(x[~test], y[~test])
    truth = y[test]
    if not classes:
        predicted = model.predict(x[test])
        rmse = mean_squared_error(truth, predicted) ** 0.5
        train = mean_squared_error(y[~test], early.predict(x[~test])) ** 0.5
        return {"rmse": rmse, "r2": r2_score(truth, predicted), "train": train}
    probability = model.predict_proba(x[test])
    chosen = model.predict(x[test])
    figures = {
        "accuracy": accuracy_score(truth, chosen),
        "f1": f1_score(truth, chosen, average="macro"),
        "logLoss": log_loss(truth, probability),
        "train": log_loss(y[~test], early.predict_proba(x[~test])),
    }
    return {"auc": roc_auc_score(truth, probability[:, 1]), **figures} if classes == 2 else figures


def entry(name, x, y, classes, categories=(), is_written=True):
    figures = {key: float(f"{value:.8g}") for key, value in expected(x, y, classes, list(categories)).items()}
    print(name, figures)
    columns = [spelled(x[:, k], "category" if k in categories else "numeric") for k in range(x.shape[1])]
    data = {"columns": columns, "target": spelled(y, "numeric")} if is_written else {}
    return {"name": name, "classes": classes, **data, "expected": figures}


def figures_of(values, digits=5):
    return np.vectorize(lambda value: float(f"{value:.{digits}g}"))(values)


if __name__ == "__main__":
    cancer, wine, digits = load_breast_cancer(), load_wine(), load_digits()
    diabetes = load_diabetes(scaled=False)
    x, y = made(4000)
    categories = [2, 3]
    entries = [
        entry("breast cancer, its 10 means", cancer.data[:, :10], cancer.target.astype(float), 2),
        entry("wine", wine.data, wine.target.astype(float), 3),
        entry("diabetes", figures_of(diabetes.data), diabetes.target, 0),
        entry("digits, the first 350", digits.data[:350], digits.target[:350].astype(float), 10),
        entry("made, classes", x, (y > 1).astype(float), 2, categories, is_written=False),
        entry("made, numbers", x, y, 0, categories, is_written=False),
    ]
    lines = ",\n".join(json.dumps(each, separators=(",", ":")) for each in entries)
    text = f'{{"scikit-learn":"{sklearn.__version__}","letters":"{letters}","entries":[\n{lines}\n]}}\n'
    (Path(__file__).parent / "boosting.json").write_text(text)
    print("boosting.json:", len(text), "bytes")
