"""Log lines say which request, tenant, key, person or task; none holds an address, a key or a payload."""

import io
import json
import logging

import pytest
from django.db import IntegrityError
from django.test import Client

from billing import tasks
from billing.api import ingest
from costtrack import logs
from costtrack.celery import app, name_the_task
from tenants.models import User
from tests.api.conftest import EVENTS, Api
from tests.factories import event

ADDRESS = "someone@private.test"
PAYLOAD = "a-secret-of-the-payload"


@pytest.fixture
def written():
    """What the handlers of the product have written so far."""
    (handler,) = (each for each in logging.getLogger().handlers if each.name == "stderr")
    stream, handler.stream = handler.stream, io.StringIO()
    yield lambda: handler.stream.getvalue()
    handler.stream = stream


def lines(written):
    return [json.loads(each) for each in written().splitlines()]


def quiet(**options):
    """A client that gets the 500 a visitor would get."""
    return Client(raise_request_exception=False, **options)


# --- Ids


@pytest.mark.smoke
def test_every_line_of_a_call_carries_request_tenant_and_key(world, written, monkeypatch):
    monkeypatch.setattr(
        ingest, "ring_soon", lambda tenant_id: logging.getLogger("other").warning("rung")
    )
    api = Api(world.acme)

    response = api.post({"events": [event()]})

    of_library, of_request = lines(written)
    ids = {
        "request": response["X-Request-Id"],
        "tenant": world.acme.tenant.pk,
        "key": world.acme.found_key("ingest").id,
    }
    assert of_library["event"] == "other"
    assert ids.items() <= of_library.items()
    assert ids.items() <= of_request.items()
    assert of_request | ids == of_request
    assert (of_request["route"], of_request["status"]) == ("api/v1/events", 200)


def test_a_key_that_may_not_is_named_all_the_same(world, written):
    assert Api(world.acme).post(event(), scope="read").status_code == 403

    (line,) = lines(written)
    assert line["key"] == world.acme.found_key("read").id


def test_every_line_of_a_page_carries_tenant_and_person(world, client, written):
    client.force_login(world.vik)
    client.get("/t/acme/clients/globex/")

    (line,) = lines(written)
    assert (line["tenant"], line["person"]) == (world.acme.tenant.pk, world.vik.pk)


def test_ids_end_with_their_request(world, client, written):
    Api(world.acme).post(event())
    logging.getLogger("other").warning("later")
    client.get("/livez")

    _, later, livez = lines(written)
    assert not {"request", "tenant", "key"} & set(later)
    assert not {"tenant", "key"} & set(livez)


# --- Nothing else


def forbidden(world, *more):
    secrets = [each.removeprefix("ct_") for each in world.acme.keys.values()]
    return [ADDRESS, PAYLOAD, "ana@acme.test", "127.0.0.1", "203.0.113.9", *secrets, *more]


def assert_clean(text, marks):
    assert text
    for mark in marks:
        assert mark not in text, mark


@pytest.mark.smoke
def test_no_call_leaves_an_address_a_key_or_a_payload(world, written):
    """Fine ones, refused ones and broken ones, with each of them in body, query, path and headers."""
    api, key = Api(world.acme), world.acme.keys["ingest"]
    bodies = [
        {"events": [event(PAYLOAD, session=PAYLOAD, end_user=ADDRESS, tags={ADDRESS: PAYLOAD})]},
        {"events": [event(PAYLOAD, session=PAYLOAD + "2")]},
        {"events": [event("x", project=PAYLOAD), event("y", model=None, session=PAYLOAD)]},
        {"events": PAYLOAD, ADDRESS: key},
        PAYLOAD.encode(),
    ]
    for body in bodies:
        api.post(body)
    browser = quiet(REMOTE_ADDR="203.0.113.9", headers={"Authorization": f"Bearer {key}"})
    browser.get(f"/api/v1/events/{PAYLOAD}/{ADDRESS}?cursor={PAYLOAD}&key={key}")
    browser.get(f"/{ADDRESS}/{key}", headers={"X-Forwarded-For": "203.0.113.9", "Referer": PAYLOAD})
    browser.get("/api/v1/spend", headers={"Host": f"{PAYLOAD}.test:x@{ADDRESS}"})
    browser.get("/%00" + PAYLOAD)
    browser.get("/livez", headers={"Authorization": f"Bearer {key[:-1]}0"})

    assert len(lines(written)) >= len(bodies) + 5
    assert_clean(written(), forbidden(world))


@pytest.mark.smoke
def test_no_page_leaves_an_address_a_password_or_a_link(world, written):
    browser = quiet(enforce_csrf_checks=True)
    browser.post("/accounts/login/", {"login": ADDRESS, "password": PAYLOAD})
    browser = quiet()
    browser.post("/accounts/login/", {"login": ADDRESS, "password": PAYLOAD})
    browser.post("/accounts/password/reset/", {"email": "ana@acme.test"})
    browser.get(f"/accounts/password/reset/key/1-{PAYLOAD}/")
    browser.get(f"/t/acme/clients/?since={PAYLOAD}")
    browser.force_login(world.ana)
    made = browser.post("/t/acme/keys/", {"name": PAYLOAD, "scopes": ["read"]})

    assert made.status_code == 201
    assert len(lines(written)) >= 6
    assert_clean(written(), forbidden(world, made.context["secret"]))


@pytest.mark.smoke
def test_a_500_says_what_broke_and_where_and_no_value(world, written, monkeypatch):
    """PostgreSQL quotes the value it refuses: the message of its error is a payload."""

    def refused(*_):
        User.objects.create_user("ana@acme.test", PAYLOAD)

    monkeypatch.setattr(ingest, "answer", refused)
    key = world.acme.keys["ingest"]
    browser = quiet(headers={"Authorization": f"Bearer {key}"})

    response = browser.post(EVENTS, event(PAYLOAD), content_type="application/json")

    assert response.status_code == 500
    error, request = lines(written)
    assert_clean(written(), forbidden(world))
    assert error["event"] == "django.request"
    assert (error["level"], error["request"]) == ("error", response["X-Request-Id"])
    assert [each["type"] for each in error["exception"]] == [
        "django.db.utils.IntegrityError",
        "psycopg.errors.UniqueViolation",
    ]
    assert error["exception"][1]["sqlstate"] == "23505"
    assert any(each.startswith("billing/api/ingest.py:") for each in error["exception"][0]["at"])
    assert (request["event"], request["status"]) == ("request", 500)


def test_our_own_lines_hide_the_message_of_an_exception_too(written):
    try:
        raise ValueError(PAYLOAD) from KeyError(ADDRESS)
    except ValueError:
        logs.structlog.get_logger("costtrack.test").exception("broken", number=3)

    (line,) = lines(written)
    assert (line["event"], line["number"]) == ("broken", 3)
    assert [each["type"] for each in line["exception"]] == [
        "builtins.ValueError",
        "builtins.KeyError",
    ]
    assert_clean(written(), [PAYLOAD, ADDRESS])


def test_what_a_library_says_is_kept_without_the_values(written):
    library = logging.getLogger("library.part")
    library.warning("%s could not reach %s", ADDRESS, PAYLOAD)
    library.warning(f"{ADDRESS} was put in before")

    with_values, without = lines(written)
    assert (with_values["event"], with_values["text"]) == ("library.part", "%s could not reach %s")
    assert without["event"] == "library.part"
    assert_clean(written(), [PAYLOAD, ADDRESS])


def test_a_developer_sees_it_all(written):
    logs.configure(with_messages=True)
    (handler,) = (each for each in logging.getLogger().handlers if each.name == "stderr")
    handler.stream = io.StringIO()
    try:
        try:
            raise ValueError(PAYLOAD)
        except ValueError:
            logging.getLogger("library").exception("%s failed", "it")
        (line,) = [json.loads(each) for each in handler.stream.getvalue().splitlines()]
    finally:
        logs.configure(with_messages=False)

    assert line["text"] == "it failed"
    assert f"ValueError: {PAYLOAD}" in line["exception"]


# --- Tasks


def perform(task, **kwargs):
    """Run a task as a worker does, with its signals; its exceptions end in the log."""
    return app.tasks[f"billing.tasks.{task}"].apply(kwargs=kwargs, task_id="the-id")


@pytest.mark.smoke
def test_every_line_of_a_task_carries_task_and_tenant(world, written):
    world.acme.post(event())

    perform("fold", tenant_id=world.acme.tenant.pk)
    perform("make_partitions")

    folded, partitions = lines(written)
    ids = {"task": "fold", "task_id": "the-id", "tenant": world.acme.tenant.pk}
    assert ids.items() <= folded.items()
    assert partitions["task"] == "make_partitions"
    assert "tenant" not in partitions


def test_a_task_that_fails_says_which_where_and_no_value(world, written, monkeypatch):
    def refused(**_):
        raise IntegrityError(f"Key (email)=({ADDRESS}) {PAYLOAD}")

    monkeypatch.setattr(tasks, "fold_journal", refused)

    perform("fold", tenant_id=world.acme.tenant.pk)

    failed = lines(written)[-1]
    assert (failed["level"], failed["task"], failed["tenant"]) == (
        "error",
        "fold",
        world.acme.tenant.pk,
    )
    assert failed["exception"][0]["type"] == "django.db.utils.IntegrityError"
    assert_clean(written(), forbidden(world))


def test_a_task_forgets_the_ids_of_the_one_before(world, written):
    perform("fold", tenant_id=world.acme.tenant.pk)
    name_the_task(task=app.tasks["billing.tasks.sweep"], task_id="next", kwargs={})
    logging.getLogger("other").warning("now")
    logs.structlog.contextvars.clear_contextvars()

    assert "tenant" not in lines(written)[-1]
