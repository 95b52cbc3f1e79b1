"""What scikit-learn does with a table: one JSON request on standard input, one answer on standard output.

forest: scores of test rows by an isolation forest of training rows; high is odd.
neighbours: gaps of test rows filled by k nearest neighbours, on standardised numbers and one-hot levels.
"""
import json
import sys

import numpy as np

import sklearn
from sklearn.ensemble import IsolationForest
from sklearn.impute import KNNImputer


def matrix(rows):
    return np.array([[np.nan if cell is None else cell for cell in row] for row in rows], dtype=float)


def forest(train, test, seed):
    trees = IsolationForest(random_state=seed).fit(matrix(train))
    return {"scores": (-trees.score_samples(matrix(test))).tolist()}


def neighbours(train, test, levels, k):
    """`levels[j]` is 0 for a column of numbers, else how many levels its codes have."""
    train, test = matrix(train), matrix(test)
    parts = [(encoded(train[:, j], train[:, j], n), encoded(train[:, j], test[:, j], n)) for j, n in enumerate(levels)]
    imputer = KNNImputer(n_neighbors=k, keep_empty_features=True).fit(np.hstack([part for part, _ in parts]))
    filled = imputer.transform(np.hstack([part for _, part in parts]))
    columns, start = [], 0
    for j, n in enumerate(levels):
        width = max(1, n)
        part = filled[:, start : start + width]
        start += width
        if n > 0:
            columns.append(part.argmax(axis=1).astype(float))
        else:
            mean, deviation = scale(train[:, j])
            columns.append(part[:, 0] * deviation + mean)
    return {"filled": np.stack(columns, axis=1).tolist()}


def scale(column):
    return np.nanmean(column), np.nanstd(column) or 1.0


def encoded(train, column, n):
    if n == 0:
        mean, deviation = scale(train)
        return ((column - mean) / deviation)[:, None]
    hot = (column[:, None] == np.arange(n)).astype(float)
    hot[np.isnan(column)] = np.nan
    return hot


request = json.load(sys.stdin)
command = request.pop("command")
answer = {"forest": forest, "neighbours": neighbours}[command](**request)
json.dump({**answer, "version": sklearn.__version__}, sys.stdout)
