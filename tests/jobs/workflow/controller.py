# SPDX-License-Identifier: MIT
#
# Features of each session, one model for each course, tested on the last session.
from morf.workflow.extract import extract_session, extract_holdout_session
from morf.workflow.train import train_course
from morf.workflow.test import test_course
from morf.workflow.evaluate import evaluate_course

extract_session()
extract_holdout_session()
train_course(label_type="dropout")
test_course(label_type="dropout")
evaluate_course(label_type="dropout")
