# SPDX-License-Identifier: MIT
"""Cross-validation."""

from morf._recording import record as _record, required as _required


def create_course_folds(label_type, k=5, multithread=True, raw_data_dir="morf-data/"):
    _record("create_course_folds", label_type=_required("create_course_folds", "label_type", label_type), k=k)


def create_session_folds(label_type, k=5, multithread=True, raw_data_dir="morf-data/"):
    _record("create_session_folds", label_type=_required("create_session_folds", "label_type", label_type), k=k)


def cross_validate_course(label_type, k=5, multithread=True, raw_data_dir="morf-data/"):
    _record("cross_validate_course", label_type=_required("cross_validate_course", "label_type", label_type), k=k)


def cross_validate_session(label_type, k=5, multithread=True, raw_data_dir="morf-data/"):
    _record("cross_validate_session", label_type=_required("cross_validate_session", "label_type", label_type), k=k)
