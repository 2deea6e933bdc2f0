#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Compares the eval.csv of a job with an evaluation of the same output.csv by scikit-learn.

    job-check.py OUTPUT_CSV EVAL_CSV

Every metric must agree to 1e-9 and every count exactly, so that the release policy must neither round nor leave out. Prints the
number of values that were compared; exit status 1 when one differs.
"""

import importlib.util
import math
import os
import sys

import pandas as pd

TOLERANCE = 1e-9


def load_reference():
    """The reference of the differential check of morf-evaluate, which lies beside this file."""
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "evaluate-check.py")
    spec = importlib.util.spec_from_file_location("evaluate_check", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.reference


def main():
    output, result = pd.read_csv(sys.argv[1], dtype={"course": str}), pd.read_csv(sys.argv[2], dtype={"course": str})
    if "course" in output.columns:
        tables = dict(iter(output.groupby("course")))
        rows = result.set_index("course")
    else:
        tables, rows = {0: output}, result
    reference = load_reference()
    assert sorted(tables) == sorted(rows.index), f"rows for {list(rows.index)}, predictions for {list(tables)}"
    compared = 0
    for name, table in tables.items():
        expected = reference(table.y_true.to_numpy(), table.y_pred.to_numpy(), table.y_score.to_numpy(dtype=float))
        for column in result.columns.drop("course", errors="ignore"):
            want, got = float(expected[column]), float(rows.loc[name, column])
            same = (math.isnan(want) and math.isnan(got)) or abs(want - got) <= TOLERANCE
            assert same, f"{name}: {column} is {got!r}, scikit-learn says {want!r}"
            compared += 1
    print(compared)


if __name__ == "__main__":
    main()
