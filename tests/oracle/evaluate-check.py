#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Differential check of morf-evaluate against scikit-learn.

    evaluate-check.py EVALUATE_PROGRAM [--cases N] [--seed N]

Writes random and degenerate tables, evaluates each by the program and by scikit-learn, and compares every metric to 1e-9
(relative to 1 or to the value, whichever is larger) and every count exactly. Every fourth table has courses; every third
is evaluated with so little memory that scores are sorted outside of it.
"""

import argparse
import json
import math
import os
import random
import subprocess
import sys
import tempfile
import warnings

import numpy as np
import pandas as pd
from sklearn import metrics as sk

TOLERANCE = 1e-9
CLIP = 1e-15
COLUMNS = ["accuracy", "cohen_kappa", "N", "N_n", "N_p", "auc", "log_loss", "precision", "recall", "f1_score",
           "specificity", "npv", "specificity_morf2"]
warnings.filterwarnings("ignore")


def reference(y, p, s):
    """The metrics by scikit-learn where it has them, and by their definition where it has not."""
    n_n, n_p = int((y == 0).sum()), int((y == 1).sum())
    tn, fp, fn, tp = (int(v) for v in sk.confusion_matrix(y, p, labels=[0, 1]).ravel())
    one_class = n_n == 0 or n_p == 0
    npv = tn / (tn + fn) if tn + fn else math.nan
    return {
        "tp": tp, "fp": fp, "tn": tn, "fn": fn, "N": len(y), "N_n": n_n, "N_p": n_p,
        "accuracy": sk.accuracy_score(y, p),
        "cohen_kappa": sk.cohen_kappa_score(y, p),
        "auc": math.nan if one_class else sk.roc_auc_score(y, s),
        "log_loss": math.nan if one_class else sk.log_loss(y, np.clip(s, CLIP, 1 - CLIP), labels=[0, 1]),
        "precision": math.nan if one_class else sk.precision_score(y, p, zero_division=0),
        "recall": math.nan if one_class else sk.recall_score(y, p, zero_division=0),
        "f1_score": math.nan if one_class else sk.f1_score(y, p, zero_division=0),
        "specificity": sk.recall_score(y, p, pos_label=0) if n_n else math.nan,
        "npv": npv, "specificity_morf2": npv, "auc_se": auc_error(y, s),
    }


def auc_error(y, s):
    """The standard error of DeLong, DeLong and Clarke-Pearson by its definition, with mid-ranks."""
    positive, negative = np.sort(s[y == 1]), np.sort(s[y == 0])
    if len(positive) < 2 or len(negative) < 2:
        return math.nan
    above = (np.searchsorted(negative, positive, "left") + np.searchsorted(negative, positive, "right")) / 2 / len(negative)
    below = (np.searchsorted(positive, negative, "left") + np.searchsorted(positive, negative, "right")) / 2 / len(positive)
    return math.sqrt(above.var(ddof=1) / len(positive) + below.var(ddof=1) / len(negative))


def scores(rng, n, y):
    """Scores of many shapes: spread, tied, constant, at the ends, beyond the clip, nearly equal, very small."""
    kind = rng.integers(0, 11)
    if kind == 0:
        return rng.random(n)
    if kind == 1:
        return rng.integers(0, 4, n) / 3
    if kind == 2:
        return np.full(n, rng.choice([0.0, 0.5, 1.0, 0.1]))
    if kind == 3:
        return rng.integers(0, 2, n).astype(float)
    if kind == 4:
        return np.round(rng.random(n), 2)
    if kind == 5:
        return 0.5 + rng.integers(-3, 4, n) * np.spacing(0.5)
    if kind == 6:
        return 10.0 ** -rng.integers(0, 20, n)
    if kind == 7:
        return 1 - 10.0 ** -rng.integers(1, 18, n)
    if kind == 8:
        return np.clip(y + rng.normal(0, 0.3, n), 0, 1)
    if kind == 9:
        return y.astype(float)
    return np.exp(-rng.random(n) * 700)


def labels(rng, n):
    kind = rng.integers(0, 8)
    if kind == 0:
        return np.full(n, rng.integers(0, 2))
    if kind == 1 and n > 1:
        y = np.zeros(n, int)
        y[rng.integers(0, n)] = 1
        return 1 - y if rng.random() < 0.5 else y
    return (rng.random(n) < rng.random()).astype(int)


def predictions(rng, n, y, s):
    kind = rng.integers(0, 6)
    if kind == 0:
        return np.full(n, rng.integers(0, 2))
    if kind == 1:
        return y.copy()
    if kind == 2:
        return 1 - y
    if kind == 3:
        return (rng.random(n) < 0.5).astype(int)
    return (s > 0.5).astype(int)


def table(rng, n, courses):
    y = labels(rng, n)
    s = scores(rng, n, y)
    frame = {"y_true": y, "y_pred": predictions(rng, n, y, s), "y_score": s}
    if courses:
        frame["course"] = rng.choice([f"course-{i}" for i in range(courses)], n)
    if rng.random() < 0.3:
        frame["note"] = rng.choice(['a "quoted" word', "one, two", "two\nlines", ""], n)
    names = list(frame)
    rng.shuffle(names)
    return pd.DataFrame({name: frame[name] for name in names})


def write(rng, frame, path):
    options = {"index": bool(rng.random() < 0.2), "lineterminator": rng.choice(["\n", "\r\n"])}
    # All of these but the default lose digits: what was written is what both sides read.
    options["float_format"] = rng.choice([None, "%.18e", "%.17g", "%.6f", "%.30f"], p=[.6, .1, .1, .1, .1])
    out = frame.copy()
    spelling = rng.integers(0, 3)
    for name in ("y_true", "y_pred"):
        if spelling == 1:
            out[name] = out[name].astype(bool)
        elif spelling == 2:
            out[name] = np.where(out[name] == 1, "1.0", "0.0")
    out.to_csv(path, encoding=rng.choice(["utf-8", "utf-8-sig"]), **options)
    back = pd.read_csv(path, float_precision="round_trip", encoding="utf-8-sig")
    for name in ("y_true", "y_pred"):
        back[name] = back[name].astype(int)
    return back


def same(a, b):
    if a is None or (isinstance(a, float) and math.isnan(a)):
        return b is None or math.isnan(b)
    return b is not None and abs(a - b) <= TOLERANCE * max(1, abs(b))


def compare(row, expected):
    return [f"{name}: {row.get(name)} instead of {value}" for name, value in expected.items()
            if (row.get(name) != value if isinstance(value, int) else not same(row.get(name), value))]


def check_table(path, rows):
    """eval.csv says the same as metrics.json and has exactly the columns of the contract."""
    frame = pd.read_csv(path, float_precision="round_trip")
    wanted = (["course"] if "course" in rows[0] else []) + COLUMNS
    if list(frame.columns) != wanted:
        return [f"eval.csv has the columns {list(frame.columns)}"]
    return [f"eval.csv: {name} is {frame[name][i]}, metrics.json has {row[name]}" for i, row in enumerate(rows) for name in COLUMNS
            if not (frame[name][i] == row[name] or (row[name] is None and math.isnan(frame[name][i])))]


def run_case(program, directory, number, seed):
    rng = np.random.default_rng([seed, number])
    n = int(rng.choice([1, 2, 3, 5, 17, 100, 2000]))
    courses = int(rng.integers(1, 6)) if number % 4 == 0 else 0
    source, out = os.path.join(directory, "in"), os.path.join(directory, "out")
    frame = write(rng, table(rng, n, courses), os.path.join(source, "output.csv"))
    command = [program, "--in", source, "--out", out]
    if number % 3 == 0:
        command += ["--memory", str(16 * int(rng.choice([1, 7, 64, 500])))]
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True, timeout=60)
    if done.returncode != 0:
        return [f"exit status {done.returncode}: {done.stderr.strip()}"]
    with open(os.path.join(out, "metrics.json")) as f:
        rows = json.load(f)["rows"]
    parts = [(None, frame)] if not courses else [(name, frame[frame.course == name]) for name in frame.course.unique()]
    if [row.get("course") for row in rows] != [name for name, _ in parts]:
        return ["the rows are not the courses in order of first appearance"]
    problems = []
    for row, (_, part) in zip(rows, parts):
        problems += compare(row, reference(part.y_true.to_numpy(), part.y_pred.to_numpy(), part.y_score.to_numpy(float)))
    return problems + check_table(os.path.join(out, "eval.csv"), rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program")
    parser.add_argument("--cases", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32))
    parser.add_argument("--only", type=int, help="run this case alone and keep its files")
    a = parser.parse_args()

    directory = tempfile.mkdtemp(prefix="evaluate-check-")
    for name in ("in", "out"):
        os.mkdir(os.path.join(directory, name))
    failed = 0
    for number in range(a.cases) if a.only is None else [a.only]:
        problems = run_case(os.path.abspath(a.program), directory, number, a.seed)
        for problem in problems:
            print(f"case {number}: {problem}")
        failed += bool(problems)
    if a.only is None:
        subprocess.run(["rm", "-rf", directory])
    print(f"{a.cases} tables, {failed} differ (seed {a.seed}, tolerance {TOLERANCE})")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
