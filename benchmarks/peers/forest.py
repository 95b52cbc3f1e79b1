"""The protocol of ForestDiffusion (SamsungSAILMontreal/ForestDiffusion, script_generation.py and metrics.py), written anew.

One JSON request on standard input, one answer on standard output. Needs scikit-learn and pandas; POT for the distances and
xgboost for the fourth learner are left out, with a note, where they are absent.

split: a set's rows to train and to test, as numbers: categories are codes in the order in which they first occur.
measure: distances, coverage and learners' scores of tables drawn, against the rows to train and to test.
"""
import json
import os
import sys
import warnings

import numpy as np
import pandas as pd
from sklearn.ensemble import AdaBoostClassifier, AdaBoostRegressor, RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import f1_score, pairwise_distances, r2_score
from sklearn.model_selection import train_test_split

try:
    import ot
except ImportError:
    ot = None
try:
    import xgboost
except Exception:  # it raises an error of its own where its library is missing
    xgboost = None

warnings.simplefilter("ignore")

# Their kinds of columns and targets: numbers unless said; "levels" covers what they call binary and categorical.
COMMA, BLANKS = ",", r"\s+"


def table(file, separator=COMMA, skip=0, columns=slice(0, -1), target=-1, levels=(), binary=(), kind="class"):
    return {
        "file": file,
        "separator": separator,
        "skip": skip,
        "columns": columns,
        "target": target,
        "levels": levels,
        "binary": binary,
        "kind": kind,
    }


SETS = {
    "iris": table("iris.csv", skip=1),
    "wine": table("wine_data.csv", skip=1),
    "breast cancer": table("breast_cancer.csv", skip=1, kind="two classes"),
    "ionosphere": table("ionosphere.data", columns=[0, *range(2, 34)], binary=[0], kind="two classes"),
    "sonar": table("sonar.all-data", kind="two classes"),
    "vowel": table("vowel-context.data", columns=slice(3, -1), kind="two classes"),
    "seeds": table("seeds_dataset.txt", BLANKS),
    "glass": table("glass.data", columns=slice(1, -1)),
    "ecoli": table("ecoli.data", BLANKS, columns=slice(1, -1)),
    "blood transfusion": table("transfusion.data", skip=1, kind="two classes"),
    "car": table("car.data", levels=range(6)),
    "tictactoe": table("tic-tac-toe.data", levels=range(9), kind="two classes"),
    "congress": table("house-votes-84.data", columns=slice(1, None), target=0, levels=range(16)),
    "yacht": table("yacht_hydrodynamics.data", BLANKS, kind="number"),
    "airfoil": table("airfoil_self_noise.dat", BLANKS, kind="number"),
    "red wine": table("winequality-red.csv", ";", skip=1, columns=slice(1, -1), kind="number"),
}
FROM = {
    "ionosphere.data": "its rows are those of Debian's weka, /usr/share/doc/weka/examples/ionosphere.arff",
    "house-votes-84.data": "its rows are those of Debian's weka, …/vote.arff, with the class first",
    "sonar.all-data": "its rows are those of Debian's r-cran-mlbench, data(Sonar)",
    "vowel-context.data": "its features are those of Debian's r-cran-mlbench, data(Vowel)",
}


def split(name, folders, seed):
    source = SETS.get(name)
    if source is None:
        return {"absent": f"{name}: no such set (there are {', '.join(SETS)})"}
    places = [os.path.join(folder, source["file"]) for folder in folders]
    path = next((place for place in places if os.path.exists(place)), None)
    if path is None:
        where = FROM.get(source["file"], "UCI's file of that name, or python3-sklearn's")
        return {"absent": f"{name}: left out, there is no {source['file']} in {' or '.join(folders)}; {where}"}
    x, y = read(path, source)
    hasClasses = source["kind"] != "number"
    parts = train_test_split(x, y, test_size=0.2, random_state=seed, stratify=y if hasClasses else None)
    train, test = (np.column_stack([parts[k], parts[k + 2]]) for k in (0, 1))
    d = x.shape[1]
    return {
        "train": train.tolist(),
        "test": test.tolist(),
        "levels": [*source["levels"]] + ([d] if source["kind"] == "class" else []),
        "binary": [*source["binary"]] + ([d] if source["kind"] == "two classes" else []),
        "classes": hasClasses,
    }


def read(path, source):
    values = pd.read_csv(path, sep=source["separator"], skiprows=source["skip"], header=None, na_filter=False).values
    features = values[:, source["columns"]]
    x = np.zeros(features.shape)
    for j in range(features.shape[1]):
        x[:, j] = pd.factorize(features[:, j])[0] if j in source["levels"] else features[:, j].astype(float)
    target = values[:, source["target"]]
    return x, target.astype(float) if source["kind"] == "number" else pd.factorize(target)[0].astype(float)


def dummies(tables, levels, share):
    """The tables with one column of 0 and `share` for each level of the columns named, beside the other columns."""
    sizes = np.cumsum([len(rows) for rows in tables])[:-1]
    whole = np.concatenate(tables)
    columns = []
    for j in range(whole.shape[1]):
        column = whole[:, j]
        columns.append((column[:, None] == np.unique(column)) * share if j in levels else column[:, None])
    return np.split(np.hstack(columns).astype(float), sizes)


def scaled(train, others, levels):
    """Numbers to [0, 1] over the rows to train, levels to halves of unit vectors: L1 is then Gower's distance."""
    numbers = [j for j in range(train.shape[1]) if j not in levels]
    low, high = train[:, numbers].min(axis=0), train[:, numbers].max(axis=0)
    width = np.where(high > low, high - low, 1.0)
    tables = [rows.copy() for rows in (train, *others)]
    for rows in tables:
        rows[:, numbers] = (rows[:, numbers] - low) / width
    return dummies(tables, levels, 0.5)


def wasserstein(a, b):
    if ot is None:
        return None
    return float(ot.emd2(ot.unif(len(a)), ot.unif(len(b)), pairwise_distances(a, b, metric="cityblock"), numItermax=10**7))


def coverage(real, fake):
    """The share of real rows with a fake one nearer than their k-th real neighbour."""
    among = np.sort(pairwise_distances(real, metric="cityblock"), axis=1)
    # Theirs takes the first k whose radius is positive at 95 % of the rows, and then the next one.
    k = next(k for k in range(1, len(real)) if (among[:, k] > 0).mean() >= 0.95) + 1
    return float((pairwise_distances(real, fake, metric="cityblock").min(axis=1) < among[:, k]).mean())


def learners(hasClasses, seed):
    if hasClasses:
        yield "linear", LogisticRegression(penalty=None, max_iter=500, random_state=seed)
        yield "boosted stumps", AdaBoostClassifier(random_state=seed)
        yield "forest", RandomForestClassifier(max_depth=28, random_state=seed)
        if xgboost:
            yield "boosted trees", xgboost.XGBClassifier(reg_lambda=0.0, random_state=seed, n_jobs=1)
    else:
        yield "linear", LinearRegression()
        yield "boosted stumps", AdaBoostRegressor(random_state=seed)
        yield "forest", RandomForestRegressor(max_depth=28, random_state=seed)
        if xgboost:
            yield "boosted trees", xgboost.XGBRegressor(reg_lambda=0.0, random_state=seed, n_jobs=1)


def learnt(train, test, levels, hasClasses, tries):
    """Macro F1 or R2 on test rows of each learner, the mean over its seeds; 0 where a class of the test rows is missing."""
    x, x_test = dummies([train[:, :-1], test[:, :-1]], [j for j in levels if j < train.shape[1] - 1], 1.0)
    y, y_test = train[:, -1], test[:, -1]
    scores = {}
    for seed in range(tries):
        for name, learner in learners(hasClasses, seed):
            if not hasClasses:
                score = r2_score(y_test, learner.fit(x, y).predict(x_test))
            elif np.isin(np.unique(y_test), y).all():
                classes, codes = np.unique(y, return_inverse=True)
                predicted = classes[learner.fit(x, codes).predict(x_test)]
                score = f1_score(y_test, predicted, average="macro")
            else:
                score = 0.0
            scores.setdefault(name, []).append(score)
    return {name: float(np.mean(found)) for name, found in scores.items()}


def measure(train, test, fakes, levels, classes, tries):
    train, test = np.array(train, dtype=float), np.array(test, dtype=float)
    measures = []
    for fake in (np.array(rows, dtype=float) for rows in fakes):
        a, b, c = scaled(train, [fake, test], levels)
        measures.append(
            {
                "w1Train": wasserstein(a, b),
                "w1Test": wasserstein(c, b),
                "coverageTrain": coverage(a, b),
                "coverageTest": coverage(c, b),
                "scores": learnt(fake, test, levels, classes, tries),
            }
        )
    absent = [name for name, module in (("POT", ot), ("xgboost", xgboost)) if module is None]
    return {"measures": measures, "absent": absent}


request = json.load(sys.stdin)
command = request.pop("command")
json.dump({"split": split, "measure": measure}[command](**request), sys.stdout)
