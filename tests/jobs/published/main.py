#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Writes predictions with the confusion table of a published result: 6002 learners, TP 2879, FN 135, FP 612, TN 2376.

What an evaluation must make of it: accuracy .8755414862, kappa .7509067872, precision .8246920653, recall .9552090246, F1
.8851652575. The published "specificity" of .9462365591 is TN/(TN+FN), the negative predictive value; the specificity is
TN/(TN+FP) = 2376/2988 = .7951807229.
"""

import csv
import sys

TABLE = [(1, 1, 2879), (1, 0, 135), (0, 1, 612), (0, 0, 2376)]


def main():
    path = sys.argv[1] if len(sys.argv) > 1 else "/output/output.csv"
    with open(path, "w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(["y_true", "y_pred", "y_score"])
        for truth, prediction, count in TABLE:
            for i in range(count):
                # Spread over the half that belongs to the prediction, never on its border.
                table.writerow([truth, prediction, f"{(prediction + (i + 1) / (count + 2)) / 2:.9f}"])


if __name__ == "__main__":
    main()
