"""Celery with the points of death in it, and a sweep each second, so that minutes fit into seconds."""

import django

from costtrack.celery import app

django.setup()

from billing import tasks  # noqa: E402  needs the apps loaded
from tests.faults.points import watch_worker  # noqa: E402

SWEEP_EVERY = 1.0

app.conf.beat_schedule["sweep"]["schedule"] = SWEEP_EVERY
app.conf.beat_max_loop_interval = SWEEP_EVERY
watch_worker(tasks=tasks)
