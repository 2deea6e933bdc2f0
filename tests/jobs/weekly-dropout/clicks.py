# SPDX-License-Identifier: MIT
"""Reads the click log of a session: one JSON object a line, compressed, not sorted by time."""

import glob
import gzip
import json
import os

SECONDS_PER_DAY = 24 * 3600


def key_of(event):
    """The kind of an event. Some rows wrap it in JSON once more."""
    key = event["key"]
    return json.loads(key)["key"] if key.startswith("{") else key


def events(directory, start, end):
    """Yields (kind, user, time) with kind clicks, videos, or days for the first click of a user on a day."""
    days = set()
    (path,) = glob.glob(os.path.join(glob.escape(directory), "*_clickstream_export.gz"))
    with gzip.open(path, "rb") as log:
        for line in log:
            try:
                event = json.loads(line)
                user, time, key = event["username"], int(event["timestamp"]) // 1000, key_of(event)
            except (ValueError, KeyError, TypeError, AttributeError):
                continue  # every log has a few lines that are broken
            if not start <= time < end:
                continue
            yield "clicks", user, time
            if key == "user.video.lecture.action":
                yield "videos", user, time
            day = (user, (time - start) // SECONDS_PER_DAY)
            if day not in days:
                days.add(day)
                yield "days", user, time
