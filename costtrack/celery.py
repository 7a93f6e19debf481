"""The Celery application. Tasks only ring bells: what is due is rows in PostgreSQL (docs/architecture.md).

Redis may lose a message at any time; the sweep that beat dispatches each minute finds what the bell missed.
"""

import os
from typing import Any

import structlog
from celery import Celery
from celery.schedules import crontab
from celery.signals import beat_init, setup_logging, task_prerun, worker_init
from django.core.exceptions import ImproperlyConfigured

from costtrack.broker import mend_transport
from costtrack.checks import refuse_unsafe_start

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "costtrack.settings")

mend_transport()
app = Celery("costtrack")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.update(
    task_ignore_result=True,
    task_acks_late=True,
    task_reject_on_worker_lost=True,  # without it a killed child loses its task
    worker_prefetch_multiplier=1,
    task_soft_time_limit=240,
    task_time_limit=300,
    broker_connection_retry_on_startup=True,
    broker_transport_options={
        # far above the time limit; the two short intervals bring back a killed worker's tasks in seconds
        "visibility_timeout": 900,
        "unacked_restore_interval": 5,
        "unacked_restore_throttle": 1,
        "socket_timeout": 5,
        "socket_connect_timeout": 1,
    },
    worker_redirect_stdouts=False,
    beat_schedule_filename=os.environ.get("BEAT_SCHEDULE", "celerybeat-schedule"),
    beat_schedule={
        "sweep": {"task": "billing.tasks.sweep", "schedule": 60.0, "options": {"expires": 50}},
        "watch": {"task": "billing.tasks.watch", "schedule": 300.0, "options": {"expires": 280}},
        "invitations": {
            "task": "tenants.tasks.sweep_invitations",
            "schedule": 60.0,
            "options": {"expires": 50},
        },
        "partitions": {"task": "billing.tasks.make_partitions", "schedule": 6 * 3600.0},
        "verify": {"task": "billing.tasks.verify_all", "schedule": crontab("30", "2")},  # UTC
        "prices": {"task": "billing.tasks.compare_prices", "schedule": crontab("10", "3")},
        "insights": {"task": "billing.tasks.find_insights", "schedule": crontab("40", "3")},
        # what was proved may be let go; when every company's horizon has moved, rows go
        "horizons": {"task": "billing.tasks.move_horizons", "schedule": crontab("30", "4")},
        "forget": {"task": "billing.tasks.forget_all", "schedule": crontab("30", "5")},
    },
)
IN_A_REQUEST = {"socket_timeout": 1, "socket_connect_timeout": 1, "max_retries": 0}
"""Of those who wait for an answer (costtrack/wsgi.py): a broker that dies under the bell costs them a second or
two and not six. A worker waits for messages on the same connections, so it needs more patience."""
app.autodiscover_tasks(["billing", "tenants"])


@setup_logging.connect
def keep_our_logging(**_: Any) -> None:
    """Celery would raise the level of everything to that of its own lines; costtrack/logs.py has set it up."""


@task_prerun.connect
def name_the_task(task: Any, task_id: str, kwargs: dict[str, Any], **_: Any) -> None:
    """Every line of a task carries its name, its id and its tenant."""
    tenant = {"tenant": kwargs["tenant_id"]} if "tenant_id" in kwargs else {}
    name = task.name.rpartition(".")[2]
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(task=name, task_id=task_id, **tenant)


@worker_init.connect
@beat_init.connect
def refuse_to_work_without_walls(**_: Any) -> None:
    try:
        refuse_unsafe_start()
    except ImproperlyConfigured as error:
        raise SystemExit(str(error)) from error  # any other exception a signal would only log
