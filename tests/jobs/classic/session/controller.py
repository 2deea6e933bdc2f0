# SPDX-License-Identifier: MIT
#
# All by session; the predictions of a course are those of its sessions' models.
from morf.workflow.extract import extract_session, extract_holdout_session
from morf.workflow.train import train_session
from morf.workflow.test import test_course
from morf.workflow.evaluate import evaluate_course

extract_session()
extract_holdout_session()
train_session(label_type="dropout")
test_course(label_type="dropout")
evaluate_course(label_type="dropout")
