# SPDX-License-Identifier: MIT
"""Metrics."""

from morf._recording import only as _only, record as _record, required as _required


def evaluate_all(label_type=None):
    _record("evaluate_all", label_type=label_type)


def evaluate_course(label_type, label_col="label_type", raw_data_dir="morf-data/", course_col="course", pred_cols=("prob", "pred"),
                    user_col="userID", labels_file="labels-test.csv", proc_data_bucket=None):
    _only("evaluate_course", label_col=(label_col, "label_type"), course_col=(course_col, "course"), pred_cols=(pred_cols, ("prob", "pred")),
          user_col=(user_col, "userID"), labels_file=(labels_file, "labels-test.csv"))
    _record("evaluate_course", label_type=_required("evaluate_course", "label_type", label_type))


def evaluate_cv_course(label_type, k=5, label_col="label_type", raw_data_dir="morf-data/", course_col="course", fold_col="fold_num",
                       pred_cols=("prob", "pred"), user_col="userID"):
    _only("evaluate_cv_course", label_col=(label_col, "label_type"), course_col=(course_col, "course"), fold_col=(fold_col, "fold_num"),
          pred_cols=(pred_cols, ("prob", "pred")), user_col=(user_col, "userID"))
    _record("evaluate_cv_course", label_type=_required("evaluate_cv_course", "label_type", label_type), k=k)


def evaluate_prule_session():
    _record("evaluate_prule_session")
