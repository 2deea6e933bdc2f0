# SPDX-License-Identifier: MIT
"""Mails, which the platform sends itself."""


def send_email_alert(job_config=None, *args, **kwargs):
    pass


def send_success_email(job_config=None, *args, **kwargs):
    pass


def send_queueing_alert(*args, **kwargs):
    pass
