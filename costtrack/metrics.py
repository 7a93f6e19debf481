"""/metrics: counts and states for Prometheus, for whoever holds METRICS_TOKEN; for others it is not there.

In:   requests (`count_request`), the counters of billing/api, the condition of the machine.
Out:  text for Prometheus, of all processes of this web server (costtrack/serving.py).
Cost: ten microseconds a request; the database is asked only when the metrics are.
"""

import os
from collections.abc import Iterator

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.views.decorators.http import require_safe
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Histogram,
    generate_latest,
)
from prometheus_client.metrics_core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from billing.reports.operations import pulse
from costtrack.condition import condition
from costtrack.serving import FOLDER

METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
REQUESTS = Counter("costtrack_requests", "Requests.", ["route", "method", "status"])
SECONDS = Histogram("costtrack_request_seconds", "Time to answer, by route.", ["route"])


def count_request(request: HttpRequest, response: HttpResponse, *, seconds: float) -> None:
    """By route, never by address: what a stranger makes up must not grow the list of names."""
    match = request.resolver_match
    route = match.route if match else "none"
    method = request.method if request.method in METHODS else "other"
    REQUESTS.labels(route, method, response.status_code).inc()
    SECONDS.labels(route).observe(seconds)


@login_not_required
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    known = settings.METRICS_TOKEN
    if not known or scheme.lower() != "bearer" or not constant_time_compare(token, known):
        raise Http404
    states = CollectorRegistry()
    states.register(States())
    return HttpResponse(
        generate_latest(_counts()) + generate_latest(states), content_type=CONTENT_TYPE_LATEST
    )


def _counts() -> CollectorRegistry:
    """Of every worker where gunicorn gave them a folder, else of this process."""
    if not os.environ.get(FOLDER):
        return REGISTRY
    shared = CollectorRegistry()
    MultiProcessCollector(shared)  # type: ignore[no-untyped-call]
    return shared


class States(Collector):
    """What the database says at this moment; the same from every web server."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        now = timezone.now()
        alarms = GaugeMetricFamily(
            "costtrack_alarm", "1 where /readyz shows an alarm.", labels=["part"]
        )
        ages = GaugeMetricFamily(
            "costtrack_age_seconds", "The ages that /readyz shows.", labels=["part"]
        )
        for part in condition(now=now):
            alarms.add_metric([part.name], int(part.is_alarm))
            if part.age is not None:
                ages.add_metric([part.name], part.age.total_seconds())
        yield alarms
        yield ages
        yield from self._waiting()

    def _waiting(self) -> Iterator[GaugeMetricFamily]:
        now = timezone.now()
        try:
            found = pulse(now=now)
        except (DatabaseError, OSError):
            return
        oldest = found.oldest_entry_at
        lag = max(0.0, (now - oldest).total_seconds()) if oldest else 0.0
        yield GaugeMetricFamily(
            "costtrack_fold_lag_seconds", "Age of the oldest unfolded journal row.", value=lag
        )
        yield GaugeMetricFamily(
            "costtrack_unfolded_rows",
            "Journal rows that wait; 10,000 stands for more.",
            found.entries,
        )
        overdue = max(0.0, (now - found.due_at).total_seconds()) if found.due_at else 0.0
        yield GaugeMetricFamily(
            "costtrack_delivery_lag_seconds",
            "How long the oldest delivery is overdue.",
            value=overdue,
        )
        mail = max(0.0, (now - found.mail_at).total_seconds()) if found.mail_at else 0.0
        yield GaugeMetricFamily(
            "costtrack_mail_lag_seconds",
            "Age of the oldest mail to a person that waits.",
            value=mail,
        )
        yield GaugeMetricFamily(
            "costtrack_undelivered_messages",
            "Messages that wait; 10,000 stands for more.",
            value=found.deliveries,
        )
