# SPDX-License-Identifier: MIT
"""The name that morf.workflow had before."""

import sys as _sys

from morf.workflow import cross_validation, evaluate, extract, test, train

for _module in (cross_validation, evaluate, extract, test, train):
    _sys.modules[__name__ + "." + _module.__name__.rsplit(".", 1)[1]] = _module
