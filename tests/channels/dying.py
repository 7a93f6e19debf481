"""A Celery worker that kills itself before or after it sends, if FAULTS_DIR asks; minutes are seconds."""

from datetime import timedelta

import django

from costtrack.celery import app

django.setup()

from billing.flow import send_due  # noqa: E402  needs the apps loaded
from tests.faults.points import come_past  # noqa: E402

__all__ = ["app"]

send_due.TAKEN_UP_AGAIN = timedelta(seconds=2)
_attempt = send_due._attempt


def attempt(*arguments, **named):
    come_past("before_send")
    outcome = _attempt(*arguments, **named)
    come_past("after_send")
    return outcome


send_due._attempt = attempt
