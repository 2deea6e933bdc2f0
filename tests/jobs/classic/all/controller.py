# SPDX-License-Identifier: MIT
#
# One model for all courses.
from morf.workflow.extract import extract_all, extract_holdout_all
from morf.workflow.train import train_all
from morf.workflow.test import test_all
from morf.workflow.evaluate import evaluate_course

extract_all()
extract_holdout_all()
train_all(label_type="dropout")
test_all(label_type="dropout")
evaluate_course(label_type="dropout")
