# SPDX-License-Identifier: MIT
"""Predictions for the holdout sessions."""

from morf._recording import record as _record


# The first versions had no label_type here.

def test_all(label_type=None):
    _record("test_all", label_type=label_type)


def test_course(label_type=None, raw_data_dir="morf-data/", multithread=True):
    _record("test_course", label_type=label_type)
