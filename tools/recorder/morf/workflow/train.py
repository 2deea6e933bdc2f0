# SPDX-License-Identifier: MIT
"""Training of models."""

from morf._recording import record as _record, required as _required


def train_all(label_type):
    _record("train_all", label_type=_required("train_all", "label_type", label_type))


def train_course(label_type, raw_data_dir="morf-data/", multithread=True):
    _record("train_course", label_type=_required("train_course", "label_type", label_type))


def train_session(label_type, raw_data_dir="morf-data/", multithread=True):
    _record("train_session", label_type=_required("train_session", "label_type", label_type))
