"""Whatever is made of the OpenAPI document, right or wrong: an answer that the document promises, never a 5xx.

The same few examples each time; SCHEMATHESIS_EXAMPLES=300 looks further.
"""

import os

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from billing.flow.verify import days_with_events, verify
from tenants.actions import create_key
from tenants.models.keys import KeyScope
from tests.factories import event

EXAMPLES = int(os.environ.get("SCHEMATHESIS_EXAMPLES", "8"))
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
DOCUMENT = schemathesis.openapi.from_path("docs/openapi.json")
OPERATIONS = {each.ok().label: each.ok() for each in DOCUMENT.get_all_operations()}


@pytest.fixture(autouse=True)
def _keep_the_connection():
    """As Django's own test client does: the connection holds the test's transaction."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def key(world):
    world.acme.post(event(), event("b", feature="chat"))
    with world.acme.scope():
        return create_key(actor="test", name="everything", scopes=KeyScope.values)[1]


@pytest.mark.parametrize("label", OPERATIONS)
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_every_answer_is_one_that_the_document_promises(world, key, label, mode):
    operation, app = OPERATIONS[label], get_wsgi_application()

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def answered(case):
        case.headers = dict(case.headers or {}) | {"Authorization": f"Bearer {key}"}
        answer = case.call(app=app)
        case.validate_response(answer, checks=CHECKS)

    answered()

    with world.acme.scope():
        first, after = days_with_events()
        assert verify(first, until=after) == []
