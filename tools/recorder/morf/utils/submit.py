# SPDX-License-Identifier: MIT
"""Submission, which a controller cannot do."""

from morf import _recording


def easy_submit(client_config_url=None, email_to=None):
    _recording.refuse("network", "a controller cannot submit jobs")


def submit_mwe(email_to=None):
    _recording.refuse("network", "a controller cannot submit jobs")
