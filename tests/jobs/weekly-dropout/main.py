#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Predicts who drops out of a course from what they did in its first weeks.

For each course, a logistic regression is trained on all labelled sessions but the last and predicts the last one. The labels
of the holdout sessions (labels-test.csv) are not shown to jobs: whoever can read the answers can copy them. So the session
that is predicted here is the last one of labels-train.csv.

The same data gives the same output, byte for byte: users and courses are sorted, and the solver is deterministic.
"""

import argparse
import os
import sys
from collections import Counter
from datetime import datetime, timezone

# Small matrices: more threads than the share of this container only get in each other's way, and could change the last digit.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
from sklearn.linear_model import LogisticRegression  # noqa: E402
from sklearn.pipeline import make_pipeline  # noqa: E402
from sklearn.preprocessing import FunctionTransformer, StandardScaler  # noqa: E402

import clicks  # noqa: E402
import database  # noqa: E402

SECONDS_PER_WEEK = 7 * 24 * 3600
KINDS = ["clicks", "videos", "days", "quizzes", "posts", "views"]


def tell(message):
    # Read by the operator only: what a container prints is not shown to its author.
    print(message, file=sys.stderr, flush=True)


def read_dates(path):
    """Start of each <course>-<session>, as seconds since 1970."""
    # The names of courses in this file are not UTF-8 everywhere.
    table = pd.read_csv(path, encoding="iso-8859-1", dtype=str)
    return {row.course: int(datetime.strptime(row.start_date, "%m/%d/%y").replace(tzinfo=timezone.utc).timestamp())
            for row in table.itertuples()}


def read_labels(path, label_type):
    # As text: session 001 is not the number 1.
    labels = pd.read_csv(path, dtype=str)
    labels = labels[labels.label_type == label_type]
    return labels.assign(label_value=labels.label_value.astype(int)).sort_values(["course", "session", "userID"])


def session_features(server, directory, start, weeks, users):
    """A row for each user: how often they did what in each of the first weeks."""
    end = start + weeks * SECONDS_PER_WEEK
    counts = Counter()
    with server.load(directory) as db:
        for kind, user, time in db.events(start, end):
            counts[user, kind, (time - start) // SECONDS_PER_WEEK] += 1
    for kind, user, time in clicks.events(directory, start, end):
        counts[user, kind, (time - start) // SECONDS_PER_WEEK] += 1
    columns = [(kind, week) for kind in KINDS for week in range(weeks)]
    return np.array([[counts[user, kind, week] for kind, week in columns] for user in users], dtype=float)


def predict_course(server, data, course, labels, dates, weeks):
    sessions = sorted(labels.session.unique(), key=lambda name: name[-3:])
    if len(sessions) < 2:
        tell(f"{course}: one labelled session is too few to train on one and predict another; left out")
        return None
    features, truth = {}, {}
    for session in sessions:
        rows = labels[labels.session == session]
        truth[session] = rows.label_value.to_numpy()
        directory = os.path.join(data, course, session)
        features[session] = session_features(server, directory, dates[f"{course}-{session}"], weeks, rows.userID.tolist())
        tell(f"{course} {session}: {len(rows)} users")
    *training, last = sessions
    # Counts have long tails: their logarithms do not.
    model = make_pipeline(FunctionTransformer(np.log1p), StandardScaler(), LogisticRegression(max_iter=1000))
    model.fit(np.concatenate([features[s] for s in training]), np.concatenate([truth[s] for s in training]))
    score = model.predict_proba(features[last])[:, 1]
    return pd.DataFrame({"course": course, "y_true": truth[last], "y_pred": (score >= 0.5).astype(int), "y_score": score})


def main():
    parser = argparse.ArgumentParser(description="Predict dropout from the first weeks of each course.")
    parser.add_argument("--weeks", type=int, default=3, help="how many weeks to look at (default: 3)")
    parser.add_argument("--label", default="dropout", help="which label to predict (default: dropout)")
    parser.add_argument("--data", default="/morf-data", help="where the data are (default: /morf-data)")
    parser.add_argument("--output", default="/output", help="where to write output.csv (default: /output)")
    args = parser.parse_args()

    dates = read_dates(os.path.join(args.data, "coursera_course_dates.csv"))
    labels = read_labels(os.path.join(args.data, "labels-train.csv"), args.label)
    with database.Server() as server:
        tables = [predict_course(server, args.data, course, rows, dates, args.weeks) for course, rows in labels.groupby("course")]
    tables = [table for table in tables if table is not None]
    if not tables:
        sys.exit("no course has two labelled sessions")
    pd.concat(tables).to_csv(os.path.join(args.output, "output.csv"), index=False, float_format="%.12g")


if __name__ == "__main__":
    main()
