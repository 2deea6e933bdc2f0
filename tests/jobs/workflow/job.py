# SPDX-License-Identifier: MIT
"""A MORF 2.0 job: counts the clicks of each learner, and takes few clicks for a sign of dropout.

It holds the contract to its word where a job may rely on it, and ends with an error where it is not kept.
"""
import argparse
import csv
import glob
import gzip
import json
import os

parser = argparse.ArgumentParser()
parser.add_argument("--course")
parser.add_argument("--session")
parser.add_argument("--mode")
parser.add_argument("--fold_num")
parser.add_argument("--scale", type=float)
args = parser.parse_args()
assert args.scale == 10


def write(path, header, rows):
    with open(path, "w", newline="") as f:
        writer = csv.writer(f)
        writer.writerow(header)
        writer.writerows(rows)


def read(path):
    with open(path, newline="") as f:
        return list(csv.DictReader(f))


def extract():
    session = os.path.join("/input", args.course, args.session)
    dumps = glob.glob(session + "/*.sql")
    assert len(dumps) == 4 and not glob.glob(session + "/*.sql.gz"), os.listdir(session)
    assert not any(c in os.path.basename(d) for d in dumps for c in "()& "), dumps
    assert os.listdir("/input") == [args.course] and os.listdir("/input/" + args.course) == [args.session]
    with open(session + "/coursera_course_dates.csv", encoding="latin-1") as f:
        assert len(f.readlines()) > 1
    clicks = {}
    (log,) = glob.glob(session + "/*_clickstream_export.gz")
    with gzip.open(log, "rt") as f:
        for line in f:
            try:
                user = json.loads(line)["username"]
            except (ValueError, KeyError):
                continue
            clicks[user] = clicks.get(user, 0) + 1
    # Published jobs write beside the data.
    with open(session + "/scratch", "w") as f:
        f.write("x")
    write("/output/features.csv", ["userID", "clicks"], sorted(clicks.items()))


def mean_clicks(features, labels):
    kept = {row["userID"] for row in labels if row["label_value"] in ("0", "0.0")}
    counts = [float(row["clicks"]) for row in features if row["userID"] in kept] or [1.0]
    return sum(counts) / len(counts)


def predict(features, mean):
    for row in features:
        prob = mean / (mean + args.scale * float(row["clicks"]))
        yield [row["userID"], "%.6f" % prob, int(prob > 0.5)]


def train():
    assert args.session == "None"
    features, labels = [], []
    for session in sorted(os.listdir("/input/" + args.course)):
        stem = "/input/%s/%s/%s_%s_" % (args.course, session, args.course, session)
        features += read(stem + "features.csv")
        labels += read(stem + "labels.csv")
    assert features and labels and set(features[0]) == {"userID", "clicks"}, features[:1]
    with open("/output/%s.model" % args.course, "w") as f:
        json.dump(mean_clicks(features, labels), f)


def test():
    with open("/input/%s.model" % args.course) as f:
        mean = json.load(f)
    (features,) = glob.glob("/input/%s/*/*_features.csv" % args.course)
    assert not glob.glob("/input/*/*/*labels*")
    write("/output/predictions.csv", ["userID", "prob", "pred"], predict(read(features), mean))


def cv():
    stem = "/input/%s/%s_%s_" % (args.course, args.course, args.fold_num)
    mean = mean_clicks(read(stem + "train_features.csv"), read(stem + "train_labels.csv"))
    write("/output/%s_%s_test.csv" % (args.course, args.fold_num), ["userID", "prob", "pred"],
          predict(read(stem + "test_features.csv"), mean))


{"extract": extract, "train": train, "test": test, "cv": cv}[args.mode]()
