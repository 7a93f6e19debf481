"""HTTP as callers speak it: bytes in; a status and a document out."""

import json
from dataclasses import dataclass, field

import pytest
from django.test import Client as HttpClient

from billing.models import EventKey, SpendEntry, UsageEvent
from tests.factories import Company, World

EVENTS = "/api/v1/events"
NDJSON = "application/x-ndjson"


@dataclass
class Api:
    """Speaks with one company's keys; `key` is sent instead of the key of a scope."""

    company: Company
    http: HttpClient = field(default_factory=lambda: HttpClient(raise_request_exception=False))

    def send(self, method, path, body=b"", *, scope, key="", type="application/json", **environ):
        headers = environ.pop("headers", {})
        body = body if isinstance(body, (bytes, str)) else json.dumps(body)
        secret = key or self.company.keys[scope]
        return self.http.generic(
            method,
            path,
            body,
            content_type=type,
            headers={"Authorization": f"Bearer {secret}"} | headers,
            **environ,
        )

    def post(self, body, *, path=EVENTS, scope="ingest", **how):
        return self.send("POST", path, body, scope=scope, **how)

    def get(self, path, *, scope="read", **how):
        return self.send("GET", path, scope=scope, **how)

    def manage(self, method, path, body=b"", **how):
        return self.send(method, path, body, scope="manage", **how)

    def verdicts(self, *events):
        """Post a batch that must be answered with 200, and return its results."""
        answer = self.post({"events": events})
        assert answer.status_code == 200, answer.content
        return answer.json()["results"]

    def stored(self):
        """How many identities, ledger rows and journal rows the company has: one number, as they agree."""
        with self.company.scope():
            counts = [model.objects.count() for model in (EventKey, UsageEvent)]
            counts.append(sum(SpendEntry.objects.values_list("events", flat=True)))
        assert len(set(counts)) == 1, counts
        return counts[0]


@pytest.fixture
def api(world: World) -> Api:
    return Api(world.acme)


@pytest.fixture
def brix(world: World) -> Api:
    return Api(world.brix)


def assert_problem(answer, status, code, *, field=None):
    """An RFC 9457 document with the promised status and code, and a sentence that helps."""
    assert (answer.status_code, answer.headers["Content-Type"]) == (
        status,
        "application/problem+json",
    ), answer.content[:300]
    document = answer.json()
    assert (document["status"], document["code"]) == (status, code), document
    assert document["type"] == "about:blank"
    assert len(document["title"].split()) >= 1
    assert len(document["detail"].split()) >= 3
    assert document.get("field") == field, document
