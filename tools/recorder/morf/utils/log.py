# SPDX-License-Identifier: MIT
"""Logs of a controller, which nobody keeps."""

import logging


def set_logger_handlers(module_logger=None, job_config=None):
    return module_logger if module_logger is not None else logging.getLogger("morf")


def initialize_logger(job_config=None, *args, **kwargs):
    return logging.getLogger("morf")
