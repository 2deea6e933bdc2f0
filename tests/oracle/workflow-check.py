#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Differential check of morf-evaluate --workflow against pandas and scikit-learn.

    workflow-check.py EVALUATE_PROGRAM [--cases N] [--seed N]

Writes random plans, label tables of both generations and tables of predictions in random order, with rows that must not count, and
compares every metric of metrics.json as evaluate-check.py does.
"""

import argparse
import importlib.util
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile

import numpy as np
import pandas as pd


def load_reference():
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "evaluate-check.py")
    spec = importlib.util.spec_from_file_location("evaluate_check", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def write_labels(root, name, rows, underscore):
    frame = pd.DataFrame(rows, columns=["course", "session", "userID", "label_type", "label_value"])
    if underscore:
        frame["course"] = frame.course + "_" + frame.session
        frame = frame.drop(columns="session")
        name += "-with-underscore"
    frame.sample(frac=1).to_csv(os.path.join(root, name + ".csv"), index=False)


def make_case(oracle, rng, directory):
    """Writes everything. Return: kind, and a table of course, fold, y_true, y_pred, y_score."""
    kind = ["course", "all", "cv"][rng.integers(0, 3)]
    k = int(rng.integers(2, 5)) if kind == "cv" else 0
    for name in ("plan", "work", "work/folds", "root", "out"):
        os.makedirs(os.path.join(directory, name), exist_ok=True)
    courses, expected, labels = [], [], {"train": [], "test": []}
    for c in range(int(rng.integers(1, 5))):
        name, sessions = f"course-{c}", [f"{i:03}" for i in range(1, int(rng.integers(2, 4)) + 1)]
        courses.append({"name": name, "complete": True, "sessions": [
            {"name": s, "holdout": s == sessions[-1], "version": "%064x" % i} for i, s in enumerate(sessions)]})
        for s in sessions:
            n = int(rng.choice([2, 5, 40, 400]))
            y = oracle.labels(rng, n)
            users = [f"{name}-{s}-{i}" for i in range(n)]
            side = "test" if s == sessions[-1] else "train"
            labels[side] += [(name, s, u, "dropout", int(v)) for u, v in zip(users, y)]
            labels[side] += [(name, s, u, "dropout_current_week", 1) for u in users]
            if side == "test" or kind == "cv":
                score = np.round(np.clip(oracle.scores(rng, n, y), 0, 1), 12)
                expected.append(pd.DataFrame({"course": name, "fold": rng.integers(1, k + 1, n) if k else 0, "userID": users,
                                              "y_true": y, "y_pred": oracle.predictions(rng, n, y, score), "y_score": score}))
    table = pd.concat(expected, ignore_index=True)
    for side, rows in labels.items():
        write_labels(os.path.join(directory, "root"), "labels-" + side, rows, rng.random() < 0.5)
    for (course, fold), part in table.groupby(["course", "fold"]):
        if k:
            os.makedirs(os.path.join(directory, "work/folds", course), exist_ok=True)
            part.assign(x=1)[["x", "userID"]].to_csv(
                os.path.join(directory, "work/folds", course, f"{course}_{fold}_test_features.csv"), index=False)
    out = table.rename(columns={"y_pred": "pred", "y_score": "prob"})[["userID", "pred", "course", "prob", "fold"]]
    extra = pd.DataFrame({"userID": ["nobody"], "pred": [7], "course": ["course-0"], "prob": ["x"], "fold": [1]})
    out = pd.concat([out, extra]).sample(frac=1, random_state=int(rng.integers(0, 2**31)))
    if not k:
        out = out.drop(columns="fold")
    out.to_csv(os.path.join(directory, "work", "cv.csv" if k else "test.csv"), index=False)
    plan = {"version": 1, "courses": courses, "phases": [], "steps": [], "evaluation": {"kind": kind, "label_type": "dropout", "line": 1}}
    if k:
        plan["evaluation"]["k"] = k
    with open(os.path.join(directory, "plan", "plan.json"), "w") as f:
        json.dump(plan, f)
    return kind, table


def run_case(oracle, program, number, seed):
    rng = np.random.default_rng([seed, number])
    np.random.seed(seed & 0xffffffff)
    directory = tempfile.mkdtemp(prefix="workflow-check-")
    kind, table = make_case(oracle, rng, directory)
    command = [program, "--workflow"] + [a for name, d in (("plan", "plan"), ("work", "work"), ("data", "root"), ("out", "out"))
                                         for a in ("--" + name, os.path.join(directory, d))]
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True, timeout=60)
    if done.returncode != 0:
        return [f"exit status {done.returncode}: {done.stderr.strip()}; see {directory}"]
    with open(os.path.join(directory, "out", "metrics.json")) as f:
        found = json.load(f)
    shutil.rmtree(directory)
    if kind == "all":
        parts = {(None, 0): table}
    else:
        parts = {(c, 0): p for c, p in table.groupby("course")}
        if kind == "cv":
            parts.update({(c, f): p for (c, f), p in table.groupby(["course", "fold"])})
    rows = {(row.get("course"), row.get("fold", 0)): row for row in found["rows"]}
    if found["kind"] != kind or set(rows) != set(parts):
        return [f"{kind}: there are rows for {sorted(rows, key=str)}"]
    return [f"{kind} {key}: {p}" for key, part in parts.items() for p in oracle.compare(
        rows[key], oracle.reference(part.y_true.to_numpy(), part.y_pred.to_numpy(), part.y_score.to_numpy(float)))]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program")
    parser.add_argument("--cases", type=int, default=500)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32))
    a = parser.parse_args()
    oracle, failed = load_reference(), 0
    for number in range(a.cases):
        problems = run_case(oracle, os.path.abspath(a.program), number, a.seed)
        for problem in problems:
            print(f"case {number}: {problem}")
        failed += bool(problems)
    print(f"{a.cases} workflows, {failed} differ (seed {a.seed})")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
