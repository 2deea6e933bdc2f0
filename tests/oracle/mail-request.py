#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Puts a mail request into an outbox, as morfd does: mail-request.py OUTBOX ID NUMBER EVENT ADDRESS... [KEY=JSON...]"""
import json
import os
import sys
import time

outbox, job, number, event, *rest = sys.argv[1:]
request = {
    "version": 1,
    "id": job,
    "event": event,
    "user": "alice",
    "to": [r for r in rest if "=" not in r],
    "job": "weekly-dropout",
    "created": time.time_ns() // 1000,
}
request.update((key, json.loads(value)) for key, value in (r.split("=", 1) for r in rest if "=" in r))
name = f"{job}-{int(number):02}-{event}.json"
temporary = os.path.join(outbox, ".#" + name)
owner = os.stat(outbox)
with open(temporary, "w") as f:
    os.fchmod(f.fileno(), 0o600)
    os.fchown(f.fileno(), owner.st_uid, owner.st_gid)
    json.dump(request, f)
os.rename(temporary, os.path.join(outbox, name))
