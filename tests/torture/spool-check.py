#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Looks at a spool as a power cut, a crash or a day's work left it.

  spool-check.py watch          print what can be relied on from now on, a line each, as it comes about:
                                "record ID" (a job has an id), "mail ID.NN.EVENT" (a mail was sent)
  spool-check.py raw            before the daemon has started: no file is torn, nothing is there twice
  spool-check.py ended          after all jobs have ended: each ended once and well, was told so once, and nothing is left over

raw and ended read lines of watch on standard input: all that must be there. Lines "synced NAME" say that the files of the drop
NAME were synced by whom they came from, so that it must not fail. A complaint a line; exit status 1 if there was one.
"""

import collections
import email
import glob
import json
import os
import re
import sys
import time

SPOOL = os.environ.get("MORF_SPOOL", "/var/spool/morf")
MAIL = os.environ.get("MORF_MAILDIR", SPOOL + "/mail")
ENDS = {"done": {"done"}, "failed": {"failed", "rejected", "cancelled"}}
complaints = 0


def complain(*words):
    global complaints
    complaints += 1
    print(*words)


def names(path):
    try:
        return [n for n in os.listdir(os.path.join(SPOOL, path)) if not n.startswith(".")]
    except FileNotFoundError:
        return []


def mails():
    """The Message-IDs of all mails that arrived, without what is behind the @, and how often each did."""
    found = collections.Counter()
    for path in glob.glob(MAIL + "/new/*"):
        with open(path, "rb") as file:
            message = email.message_from_binary_file(file)
        found[str(message["Message-ID"]).strip().strip("<>").split("@")[0]] += 1
    return found


def watch():
    before, told = set(), set()
    while True:
        now = {"mail " + name[:-len(".json")].replace("-", ".") for name in names("outbox/sent") if name.endswith(".json")}
        for place in ("active", "done", "failed"):
            for name in names(place):
                if os.path.exists(f"{SPOOL}/{place}/{name}/record.json"):
                    now.add("record " + name)
        # A rename shows a little before it is on the disk: what is seen twice was followed by more.
        for line in sorted((now & before) - told):
            print(line, flush=True)
            told.add(line)
        before = now
        time.sleep(0.5)


def read_promises():
    promised = collections.defaultdict(set)
    for line in sys.stdin:
        kind, _, what = line.strip().partition(" ")
        if kind == "mail":
            # ID-NN-EVENT or ID.NN.EVENT: the id holds neither.
            what = ".".join(re.split(r"[.-]", what))
            promised["record"].add(what.split(".")[0])
        promised[kind].add(what)
    return promised


def places():
    """Where each job is."""
    found = collections.defaultdict(list)
    for place in ("active", "done", "failed", "corrupt"):
        for name in names(place):
            found[name].append(place)
    return found


def check_whole():
    """No file of ours is empty or torn, whatever else is the case."""
    active = set(names("active"))
    for top, _, files in os.walk(SPOOL):
        for name in files:
            path = os.path.join(top, name)
            # What users wrote and what is being written is nobody's promise. What they are shown of a job on its way is
            # made anew by the daemon; that of an ended one has to be right.
            if name.startswith(".") or not name.endswith(".json") or "/drop/" in path or "/incoming" in path or "/context" in path:
                continue
            if "/sftp/" in path and os.path.basename(top) in active:
                continue
            try:
                with open(path, encoding="utf-8") as file:
                    json.load(file)
            except FileNotFoundError:
                pass
            except ValueError as error:
                complain("torn:", path, os.path.getsize(path), "bytes:", error)


def check_places(found, promised):
    for job, where in found.items():
        if len(where) > 1:
            complain("there more than once:", job, *where)
    for job in sorted(promised["record"] - set(found)):
        complain("lost:", job)


def check_mails(promised, records):
    arrived = mails()
    expected = set()
    for job, record in records.items():
        events = record.get("events", [])
        if len(events) != len(set(events)):
            complain("an event came twice:", job, *events)
        expected |= {f"{job}.{k + 1:02d}.{event}" for k, event in enumerate(events)}
    for mail in sorted(expected - set(arrived)):
        complain("never arrived:", mail)
    for mail in sorted(set(arrived) - expected):
        complain("a mail about nothing:", mail)
    for mail in sorted(promised["mail"] - set(arrived)):
        complain("was sent, and is lost:", mail)
    again = [f"{mail} {n} times" for mail, n in arrived.items() if n > 1]
    print(f"# {len(arrived)} mails, {len(again)} of them arrived again with the same Message-ID", *again, file=sys.stderr)


def check_shown(path, state, result):
    """What the user of an ended job finds by SFTP."""
    try:
        with open(path + "/status.json", encoding="utf-8") as file:
            if json.load(file)["state"] != state:
                complain("another state is shown:", path)
        if os.path.getsize(path + "/STATUS.txt") == 0:
            complain("empty:", path + "/STATUS.txt")
        if state == "done":
            with open(path + "/eval.csv", "rb") as shown, open(result, "rb") as right:
                if shown.read() != right.read():
                    complain("another result is shown:", path, os.path.getsize(path + "/eval.csv"), "bytes")
    except (OSError, ValueError) as error:
        complain("is not shown:", path, error)


def check_ended(found, promised):
    records, states = {}, collections.Counter()
    accepted = {mail.split(".")[0] for mail in promised["mail"] if mail.endswith(".accepted")}
    reference = None
    for job, where in sorted(found.items()):
        path = f"{SPOOL}/{where[0]}/{job}"
        if where[0] == "corrupt":
            states["corrupt"] += 1
            complain("corrupt:", job)
            continue
        try:
            with open(path + "/record.json", encoding="utf-8") as file:
                record = records[job] = json.load(file)
        except OSError as error:
            complain("no record:", job, where[0], error)
            continue
        state = record["state"]
        states[state] += 1
        if state not in ENDS.get(where[0], set()):
            complain("has not ended:", job, where[0], state)
        drop = os.path.splitext(record["drop"])[0]
        if state != "done" and (job in accepted or drop in promised["synced"]):
            complain("did not end well:", job, drop, state, json.dumps(record.get("fault")), record.get("why"))
        if state == "done":
            with open(path + "/release/eval.csv", "rb") as file:
                result = file.read()
            reference = reference or result
            if not result or result != reference:
                complain("another result than the others:", job)
        check_shown(f"{SPOOL}/sftp/{record['user']}/jobs/{job}", state, path + "/release/eval.csv")
    print("#", ", ".join(f"{n} {state}" for state, n in sorted(states.items())), file=sys.stderr)
    check_mails(promised, records)


def check_left_over():
    for place in ("active", "control"):
        for name in names(place):
            complain("left over:", place, name)
    for name in names("outbox"):
        if name.endswith(".json"):
            complain("not sent:", name)
    for name in names("outbox/undeliverable"):
        complain("not delivered:", name)
    for top, directories, files in os.walk(SPOOL):
        for name in directories + files:
            if name.startswith(".#") and "/incoming" not in top and "/drop" not in top:
                complain("left over:", os.path.join(top, name))


def main():
    verb = sys.argv[1] if len(sys.argv) == 2 else ""
    if verb == "watch":
        watch()
    elif verb in ("raw", "ended"):
        promised, found = read_promises(), places()
        check_whole()
        check_places(found, promised)
        if verb == "ended":
            check_ended(found, promised)
            check_left_over()
    else:
        print(__doc__, file=sys.stderr)
        sys.exit(2)
    sys.exit(1 if complaints else 0)


main()
