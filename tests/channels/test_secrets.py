"""Nothing secret of a channel is told: by the database, the audit log, an answer, a page or a log line."""

import pytest
from django.db import connection

from billing.flow.channels import create_channel, rotate_secret
from tenants.sealed import CannotOpen, opened, seal
from tests.api.conftest import Api
from tests.channels.sinks import http_server
from tests.channels.test_deliver import Hours, send, told
from tests.walls.roles import as_owner

PATH = "very-secret-path"


@pytest.fixture
def used(world, settings, client):
    """A webhook that was made, rotated, sent to and refused; the secrets of it."""
    settings.LOOPBACK_CHANNELS = True
    clock = Hours()
    with http_server() as endpoint:
        url = endpoint.url.replace("/hook", f"/{PATH}")
        with world.acme.scope():
            made = create_channel(actor=world.ana, kind="webhook", name="Bot", target=url)
            new = rotate_secret(made.channel, actor=world.ana, now=clock())
        told(world, channels=[made.channel])
        send(world, clock)
        endpoint.status = 404
        told(world, about="alert:2", channels=[made.channel])
        send(world, clock)
    return made.channel, [PATH, made.secret, new, made.secret[6:], new[6:]]


def leaked(text, secrets):
    return [each for each in secrets if each in text]


def test_no_table_holds_them_readable(used):
    _, secrets = used
    with as_owner() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition"
            " AND relnamespace = 'public'::regnamespace"
        )
        for (table,) in cursor.fetchall():
            cursor.execute(f"SELECT coalesce(string_agg(t::text, chr(10)), '') FROM \"{table}\" t")
            assert leaked(cursor.fetchone()[0], secrets) == [], table


def test_no_page_and_no_answer_tells_them(used, world, client):
    channel, secrets = used
    client.force_login(world.ana)
    paths = ["/t/acme/channels/", f"/t/acme/channels/{channel.pk}/", "/t/acme/deliveries/"]
    with world.acme.scope(), connection.cursor() as cursor:
        cursor.execute("SELECT id FROM billing_delivery")
        paths += [f"/t/acme/deliveries/{pk}/" for (pk,) in cursor.fetchall()]
    said = [client.get(path).content.decode() for path in paths]
    said.append(Api(world.acme).get("/api/v1/channels").content.decode())

    assert [leaked(text, secrets) for text in said] == [[]] * len(said)


def test_no_line_of_the_log_tells_them(capfd, request):
    _, secrets = request.getfixturevalue("used")

    written = capfd.readouterr()

    assert leaked(written.out + written.err, secrets) == []


def test_what_is_sealed_twice_looks_different_and_opens_the_same():
    assert seal("a") != seal("a")
    assert opened(seal("a")) == "a"


def test_a_new_key_in_front_seals_and_the_old_one_still_opens(settings):
    old, new = settings.KEY_RING[0], "bmV3IGtleSBvZiAzMiBieXRlcyBmb3IgdGhlIHRlc3Q="
    before = seal("a")
    settings.KEY_RING = [new, old]
    after = seal("b")

    assert (opened(before), opened(after)) == ("a", "b")
    settings.KEY_RING = [new]
    assert opened(after) == "b"
    with pytest.raises(CannotOpen):
        opened(before)
