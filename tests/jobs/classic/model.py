# SPDX-License-Identifier: MIT
"""Logistic regression: model.py train|test COURSE SESSION."""
import glob
import pickle
import sys

import numpy
import pandas
from sklearn.linear_model import LogisticRegression

mode, course, session = sys.argv[1:]


def read(path, **more):
    return pandas.read_csv(path, **more).assign(course=path.split("/")[2])


def values(table):
    return numpy.log1p(table[["clicks", "posts"]])


features = {path: read(path) for path in sorted(glob.glob("/input/*/*/*_features.csv"))}
assert features and all(list(t.columns) == ["userID", "clicks", "posts", "course"] for t in features.values())
if mode == "train":
    table = pandas.concat(t.merge(pandas.read_csv(path.replace("_features", "_labels")), on="userID") for path, t in features.items())
    with open("/output/{}_{}.model".format(course, session), "wb") as f:
        pickle.dump(LogisticRegression().fit(values(table), table["label_value"].astype(int)), f)
else:
    models = []
    for path in glob.glob("/input/*.model"):
        with open(path, "rb") as f:
            models.append(pickle.load(f))
    table = pandas.concat(features.values())
    table["prob"] = sum(m.predict_proba(values(table))[:, 1] for m in models) / len(models)
    table["pred"] = (table["prob"] > 0.5).astype(int)
    table[["userID", "prob", "pred"] + ["course"] * (course == "None")].to_csv("/output/predictions.csv", index=False)
