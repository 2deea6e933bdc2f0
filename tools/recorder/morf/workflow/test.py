# SPDX-License-Identifier: MIT
"""Predictions for the holdout sessions."""

from morf._recording import record as _record, required as _required


def test_all(label_type):
    _record("test_all", label_type=_required("test_all", "label_type", label_type))


def test_course(label_type, raw_data_dir="morf-data/", multithread=True):
    _record("test_course", label_type=_required("test_course", "label_type", label_type))
