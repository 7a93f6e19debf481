"""Alerting: from posting the event that uses a budget up to the mail about it, while many other events come in.

In:   a running web server, a company.   Out: seconds until an SMTP server on this machine has the mail, and
      the rate at which other events came in meanwhile. Worker and beat run for the time of it.
"""

import json
import os
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from email import message_from_bytes
from email.policy import default
from http.client import HTTPConnection
from pathlib import Path

from aiosmtpd.controller import Controller
from django.utils import timezone

from billing.flow.set_budget import Counts, NewTerms, set_budget
from tenants.actions import create_project
from tenants.models import Client
from tenants.scoping import tenant_scope
from tests.benchmarks.company import Company, typical_events
from tests.benchmarks.figures import Figure, number, percentile
from tests.benchmarks.stack import Web, workers

ALERTS = 100
EVERY = 0.25
"""Seconds from one alert to the next."""
RATE = 2_000
"""Other events a second: batches of a hundred over four connections."""
BATCH, CONNECTIONS = 100, 4
PATIENCE = 60.0
MOST_SECONDS = 2
NAME = re.compile(r"alarm-\d+")


@dataclass(slots=True)
class Mailbox:
    """When the first mail about each budget was taken in."""

    arrived: dict[str, float] = field(default_factory=dict)

    async def handle_DATA(self, server, session, envelope) -> str:  # noqa: N802
        mail = message_from_bytes(envelope.content, policy=default)
        body = mail.get_body(("plain",))
        found = NAME.search(f"{mail['subject']} {body.get_content() if body else ''}")
        if found:
            self.arrived.setdefault(found[0], time.perf_counter())
        return "250 accepted"


def measure(web: Web, company: Company, *, folder: Path) -> list[Figure]:
    budgets = _make_budgets(company)
    with _mail_server() as mailbox, workers(folder), _other_events(web, company) as sent:
        began = time.perf_counter()
        posted = _use_up(web, company, budgets)
        rate = sum(sent) / (time.perf_counter() - began)
        deadline = time.monotonic() + PATIENCE
        while len(mailbox.arrived) < len(budgets) and time.monotonic() < deadline:
            time.sleep(0.1)
    seconds = [mailbox.arrived[name] - at for name, at in posted.items() if name in mailbox.arrived]
    if len(seconds) < len(budgets):
        raise SystemExit(f"Of {len(budgets)} alerts {len(seconds)} came.")
    beside = f"p50 {number(percentile(seconds, 50))} s; {number(rate)} other events/s meanwhile"
    name = f"event to mail, {ALERTS} alerts"
    p99 = percentile(seconds, 99)
    return [Figure("alerts", name, p99, "s p99", at_most=MOST_SECONDS, beside=beside)]


def _make_budgets(company: Company) -> list[str]:
    """Projects with a budget each, which the first event uses up."""
    names = [f"alarm-{n}" for n in range(ALERTS)]
    terms = NewTerms(amount=Decimal("0.01"), period="month", owner=company.owner, thresholds=(100,))
    with tenant_scope(company.tenant.pk):
        client = Client.objects.get(slug=company.client)
        for name in names:
            project = create_project(actor="bench", slug=name, name=name, client=client)
            set_budget(
                actor=company.owner,
                name=name,
                counts=Counts(project=project),
                terms=terms,
                now=timezone.now(),
            )
    return names


def _use_up(web: Web, company: Company, budgets: list[str]) -> dict[str, float]:
    """When the event was sent that used each budget up."""
    connection = HTTPConnection("127.0.0.1", web.port, timeout=60)
    (event,) = typical_events(1, run="alarm", now=timezone.now())
    event["usage"] = {"input_tokens": 1_000_000, "output_tokens": 1_000}
    posted = {}
    for name in budgets:
        at = posted[name] = time.perf_counter()
        _post(connection, company, event | {"id": name, "project": name})
        time.sleep(max(0.0, EVERY - (time.perf_counter() - at)))
    return posted


@contextmanager
def _other_events(web: Web, company: Company) -> Iterator[list[int]]:
    """Batches at a steady rate until the block ends; the list grows by the size of each."""
    sent: list[int] = []
    over = threading.Event()

    def work(number: int) -> None:
        connection = HTTPConnection("127.0.0.1", web.port, timeout=60)
        batch, pause = 0, BATCH * CONNECTIONS / RATE
        while not over.is_set():
            at, batch = time.perf_counter(), batch + 1
            events = list(typical_events(BATCH, run=f"a{number}n{batch}x", now=timezone.now()))
            _post(connection, company, {"events": events})
            sent.append(BATCH)
            over.wait(max(0.0, pause - (time.perf_counter() - at)))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    try:
        yield sent
    finally:
        over.set()
        for thread in threads:
            thread.join()


def _post(connection: HTTPConnection, company: Company, content: object) -> None:
    headers = {
        "Authorization": f"Bearer {company.keys['ingest']}",
        "Content-Type": "application/json",
    }
    connection.request("POST", "/api/v1/events", json.dumps(content), headers)
    response = connection.getresponse()
    answer = response.read()
    if response.status != 200 or b'"rejected":0,' not in answer:
        raise SystemExit(f"Ingest did not go well: {response.status} {answer[:300]!r}")


@contextmanager
def _mail_server() -> Iterator[Mailbox]:
    """A mail server; the worker that is started inside sends there."""
    mailbox = Mailbox()
    controller = _AnyPort(mailbox, hostname="127.0.0.1", port=0)
    controller.start()
    os.environ["EMAIL_URL"] = f"smtp://127.0.0.1:{controller.port}"
    try:
        yield mailbox
    finally:
        del os.environ["EMAIL_URL"]
        controller.stop()


class _AnyPort(Controller):
    """Tells the port that the system chose before it looks whether somebody listens there."""

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()
