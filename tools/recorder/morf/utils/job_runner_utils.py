# SPDX-License-Identifier: MIT
"""Running containers, which the platform does itself."""

from morf import _recording


def _refuse(name):
    _recording.refuse("process", "{}: a controller cannot run the image itself; it calls the functions of morf.workflow".format(name))


def run_image(*args, **kwargs):
    _refuse("run_image")


def run_job(*args, **kwargs):
    _refuse("run_job")


def run_morf_job(*args, **kwargs):
    _refuse("run_morf_job")
