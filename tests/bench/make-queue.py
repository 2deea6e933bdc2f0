#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Fills a spool with queued jobs, as valid as those that came by themselves: make-queue.py SPOOL COUNT USERS"""

import json
import os
import pwd
import grp
import sys
import time

DIGITS = "0123456789abcdefghjkmnpqrstvwxyz"


def make_id(milliseconds, n):
    v = (milliseconds << 80) | n
    return "".join(DIGITS[v >> (5 * i) & 31] for i in reversed(range(26)))


def main():
    spool, count, users = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    intake, mail, admin = pwd.getpwnam("morf-intake"), pwd.getpwnam("morf-mail"), grp.getgrnam("morf-admin").gr_gid
    now = int(time.time() * 1000)
    for n in range(count):
        job, created = make_id(now - count + n, n), (now - count + n) * 1000
        directory = f"{spool}/active/{job}"
        os.makedirs(f"{directory}/drop")
        os.mkdir(f"{directory}/intake", 0o750)
        os.mkdir(f"{directory}/exits")
        with open(f"{directory}/drop/job.cfg", "w") as f:
            f.write('job: { image = "image.tar"; };\n')
        manifest = {
            "version": 1, "form": "native", "name": f"job{n}", "mode": "run", "profile": "compat",
            "image": {"kind": "archive", "file": "image.tar", "digest": f"{n:064x}"},
            "courses": [], "limits": {"memory": 2 << 30, "time_usec": 60000000}, "notify": [], "args": [],
            "drop_digest": f"{n:064x}",
        }
        with open(f"{directory}/intake/manifest.json", "w") as f:
            json.dump(manifest, f)
        os.chown(f"{directory}/intake", intake.pw_uid, intake.pw_gid)
        os.chown(f"{directory}/intake/manifest.json", intake.pw_uid, intake.pw_gid)
        record = {
            "version": 1, "id": job, "user": f"user{n % users}", "name": f"job{n}", "drop": f"job{n}", "form": "native",
            "state": "queued", "why": "accepted, waiting for its turn", "created": created, "changed": created,
            "steps": 1, "box": "sftp", "attempt": 1, "events": ["accepted"],
        }
        with open(f"{directory}/record.json", "w") as f:
            json.dump(record, f)
        os.chown(f"{directory}/record.json", 0, admin)
        os.chmod(f"{directory}/record.json", 0o640)
        sent = f"{spool}/outbox/sent/{job}-01-accepted.json"
        with open(sent, "w"):
            os.chown(sent, mail.pw_uid, mail.pw_gid)
        os.chown(directory, 0, admin)
        os.chmod(directory, 0o750)


main()
