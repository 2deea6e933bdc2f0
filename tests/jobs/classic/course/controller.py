# SPDX-License-Identifier: MIT
#
# All by course, with the names of the first version.
from morf.morf_api.extract import extract_course, extract_holdout_course
from morf.morf_api.train import train_course
from morf.morf_api.test import test_course
from morf.morf_api.evaluate import evaluate_course

extract_course()
extract_holdout_course()
train_course(label_type="dropout")
test_course()
evaluate_course(label_type="dropout")
