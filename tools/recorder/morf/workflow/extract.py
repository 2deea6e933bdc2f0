# SPDX-License-Identifier: MIT
"""Feature extraction."""

from morf._recording import record as _record, required as _required


def extract_all():
    _record("extract_all")


def extract_course(raw_data_dir="morf-data/", multithread=True):
    _record("extract_course")


def extract_session(labels=False, raw_data_dir="morf-data/", label_type="labels-train", multithread=True):
    _record("extract_session", labels=labels, label_type=label_type if labels else None)


def extract_holdout_all():
    _record("extract_holdout_all")


def extract_holdout_course(raw_data_dir="morf-data/", multithread=True):
    _record("extract_holdout_course")


def extract_holdout_session(labels=False, raw_data_dir="morf-data/", label_type="labels-train", multithread=True):
    _record("extract_holdout_session", labels=labels, label_type=label_type if labels else None)


def fork_features(job_id_to_fork, raw_data_dir="morf-data/"):
    _record("fork_features", job_id=_required("fork_features", "job_id_to_fork", job_id_to_fork))
