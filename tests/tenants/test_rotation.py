"""Rotation: another secret with the same rights at once, the old one until its moment, never two of them."""

from datetime import timedelta
from threading import Barrier, Thread

import pytest
from django.db import connection
from django.utils import timezone

from tenants.actions import ActionError, create_key, revoke_key
from tenants.keys import find_key
from tenants.models import ApiKey, AuditEntry
from tenants.rotation import rotate_key
from tenants.scoping import tenant_scope

NOW = timezone.now()
HOUR = timedelta(hours=1)


@pytest.fixture
def acme(world):
    with world.acme.scope():
        yield world.acme


def made(acme, **changes):
    project = acme.projects["support-bot"]
    return create_key(actor="test", name="bot", scopes=["ingest"], project=project, **changes)


@pytest.mark.smoke
def test_both_secrets_work_until_the_chosen_moment_and_then_the_new_one_alone(acme):
    key, old = made(acme)

    new_key, new = rotate_key(key, actor="test", overlap=HOUR, now=NOW)

    for moment, works in [(NOW, True), (NOW + HOUR * 0.99, True), (NOW + HOUR, False)]:
        assert bool(find_key(old, now=moment)) is works
        found = find_key(new, now=moment)
        assert (found.scopes, found.project) == ({"ingest"}, "support-bot")
    key.refresh_from_db()
    assert (new_key.name, key.replaced_by, key.expires_at) == ("bot", new_key, NOW + HOUR)
    assert new not in str(list(AuditEntry.objects.values()))
    entry = AuditEntry.objects.get(action="key.rotated")
    assert (entry.actor_label, entry.subject) == ("test", key.prefix)
    assert entry.after == {
        "replaced_by": new_key.prefix,
        "works_until": (NOW + HOUR).isoformat(),
    }


def test_without_overlap_the_old_secret_ends_at_once(acme):
    key, old = made(acme)

    _, new = rotate_key(key, actor="test", overlap=timedelta(0), now=NOW)

    assert find_key(old, now=NOW) is None
    assert find_key(new, now=NOW)


def test_rotation_makes_no_key_live_longer_than_it_was_given(acme):
    key, old = made(acme, expires_at=NOW + HOUR)

    new_key, new = rotate_key(key, actor="test", overlap=7 * 24 * HOUR, now=NOW)

    assert new_key.expires_at == NOW + HOUR
    assert find_key(old, now=NOW + HOUR) is find_key(new, now=NOW + HOUR) is None


def test_what_has_ended_or_was_replaced_is_not_rotated(acme):
    revoked, _ = made(acme)
    revoke_key(revoked, actor="test")
    expired, _ = made(acme, expires_at=NOW)
    replaced, _ = made(acme)
    rotate_key(replaced, actor="test", overlap=HOUR, now=NOW)
    before = ApiKey.objects.count()

    for key in (revoked, expired, replaced):
        with pytest.raises(ActionError) as error:
            rotate_key(key, actor="test", overlap=HOUR, now=NOW)
        assert error.value.code == "already_ended"
    for overlap in (-HOUR, timedelta(days=7, seconds=1)):
        with pytest.raises(ActionError) as error:
            rotate_key(made(acme)[0], actor="test", overlap=overlap, now=NOW)
        assert error.value.code == "invalid_field"
    assert ApiKey.objects.count() == before + 2


def test_of_many_who_rotate_a_key_at_once_one_gets_a_secret(committed):
    with committed.acme.scope():
        key, old = made(committed.acme)
    start, secrets, refused = Barrier(5), [], []

    def rotate():
        start.wait()
        try:
            with tenant_scope(committed.acme.tenant.pk):
                secrets.append(rotate_key(key, actor="test", overlap=HOUR, now=NOW)[1])
        except ActionError as error:
            refused.append(error.code)
        finally:
            connection.close()

    threads = [Thread(target=rotate) for _ in range(5)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()

    assert (len(secrets), refused) == (1, ["already_ended"] * 4)
    assert find_key(old, now=NOW)
    with committed.acme.scope():
        assert ApiKey.objects.filter(name="bot").count() == 2
