# SPDX-License-Identifier: MIT
"""A MORF 2.0 job of any shape: by session, by course, or of all at once, as its controller has it; --model says which language models.

Features are the clicks of each learner, from the log, and their posts, from the session's dumps in a database server of the image's own.
It holds the contract to its word, and ends with an error where it is not kept.
"""
import argparse
import csv
import glob
import gzip
import json
import os
import subprocess

parser = argparse.ArgumentParser()
parser.add_argument("--course")
parser.add_argument("--session")
parser.add_argument("--mode")
parser.add_argument("--model", choices=["R", "python"])
args = parser.parse_args()

POSTS = """SELECT session_user_id, COUNT(*) FROM forum_posts JOIN hash_mapping USING (user_id) WHERE is_spam = 0 GROUP BY session_user_id
           INTO OUTFILE '{}' FIELDS TERMINATED BY ','"""


def sessions():
    """What is there: with a course and session in the command line just that, else all that is of them."""
    found = [tuple(path.split("/")[2:]) for path in sorted(glob.glob("/input/*/*")) if os.path.isdir(path)]
    assert found and os.listdir("/input/" + found[0][0]), os.listdir("/input")
    if args.course != "None":
        assert os.listdir("/input") == [args.course], os.listdir("/input")
    if args.session != "None":
        assert found == [(args.course, args.session)], found
    return found


def mysql(*arguments, dump=None):
    with open(dump or os.devnull) as f:
        subprocess.check_call(["mysql", "-u", "root"] + list(arguments), stdin=f)


def count_posts(directory):
    """The server is a user of its own, and writes beside the data."""
    path = directory + "/posts.csv"
    mysql("-e", "DROP DATABASE IF EXISTS course; CREATE DATABASE course")
    for name in "anonymized_forum", "hash_mapping":
        (dump,) = glob.glob("{}/*{}*.sql".format(directory, name))
        mysql("course", dump=dump)
    mysql("course", "-e", POSTS.format(path))
    with open(path, newline="") as f:
        return {user: int(n) for user, n in csv.reader(f)}


def count_clicks(directory):
    clicks = {}
    (log,) = glob.glob(directory + "/*_clickstream_export.gz")
    with gzip.open(log, "rt") as f:
        for line in f:
            try:
                user = json.loads(line)["username"]
            except (ValueError, KeyError):
                continue
            clicks[user] = clicks.get(user, 0) + 1
    return clicks


def check_dates(course, session):
    with open("/input/{}/{}/coursera_course_dates.csv".format(course, session), newline="", encoding="utf-8") as f:
        assert "{}-{}".format(course, session) in [row["course"] for row in csv.DictReader(f)]


def extract():
    extra = ["course"] * (args.course == "None") + ["session"] * (args.session == "None")
    subprocess.check_call(["service", "mariadb", "start"])
    with open("/output/features.csv", "w", newline="") as f:
        writer = csv.writer(f)
        writer.writerow(["userID", "clicks", "posts"] + extra)
        for course, session in sessions():
            directory = "/input/{}/{}".format(course, session)
            check_dates(course, session)
            posts = count_posts(directory)
            for user, n in sorted(count_clicks(directory).items()):
                row = {"course": course, "session": session}
                writer.writerow([user, n, posts.get(user, 0)] + [row[name] for name in extra])


def model():
    files = glob.glob("/input/*/*/*_labels.csv")
    assert bool(files) == (args.mode == "train"), files
    command = ["Rscript", "/model.R"] if args.model == "R" else ["python3", "/model.py"]
    subprocess.check_call(command + [args.mode, args.course, args.session])


{"extract": extract, "train": model, "test": model}[args.mode]()
