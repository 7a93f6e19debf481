"""A scope is one transaction: what it set on the connection ends with it, however it ends."""

import threading

import pytest
from django.db import DatabaseError, connection, transaction

from tenants.models import Client, Tenant
from tenants.scoping import (
    APP_ROLE,
    DISPATCH_ROLE,
    VIEWER_ROLE,
    ForeignTenant,
    NoActiveTenant,
    active_scope,
    dispatch_scope,
    tenant_scope,
)

CLOSED = (APP_ROLE, "", "")


class Stop(Exception):
    """Leaves a scope early."""


def state():
    """Whom this connection speaks as, and for which tenant and client."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_user::text, coalesce(current_setting('app.tenant_id', true), ''),"
            " coalesce(current_setting('app.client_id', true), '')"
        )
        return cursor.fetchone()


def rows_without_a_scope():
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM tenants_client")
        return cursor.fetchone()[0]


def assert_closed():
    assert state() == CLOSED
    assert rows_without_a_scope() == 0
    with pytest.raises(NoActiveTenant):
        active_scope()


@pytest.mark.smoke
def test_settings_do_not_survive_the_transaction_on_the_same_connection(committed):
    acme = committed.acme.tenant.pk
    client = committed.acme.clients["globex"].pk
    backend = connection.connection.info.backend_pid

    with tenant_scope(acme):
        assert state() == (APP_ROLE, str(acme), "")
    assert_closed()
    with tenant_scope(acme, client_id=client):
        assert state() == (VIEWER_ROLE, str(acme), str(client))
    assert_closed()
    with dispatch_scope():
        assert state() == (DISPATCH_ROLE, "", "")
    assert_closed()
    assert connection.connection.info.backend_pid == backend


def test_a_scope_that_is_left_by_an_exception_ends_as_well(committed):
    for scope in (committed.acme.scope, committed.acme.viewer_scope, dispatch_scope):
        with pytest.raises(Stop), scope():
            raise Stop
        assert_closed()
        with pytest.raises(DatabaseError), scope(), connection.cursor() as cursor:
            cursor.execute("SELECT 1 / 0")
        assert_closed()


def test_a_scope_that_is_left_by_an_exception_keeps_nothing(committed):
    with pytest.raises(Stop), committed.acme.scope():
        Client.objects.create(slug="new", name="New")
        raise Stop

    with committed.acme.scope():
        assert not Client.objects.filter(slug="new").exists()


def test_inside_an_outer_transaction_the_settings_end_with_the_scope(committed):
    """`create_tenant` and tests open scopes one after the other in one transaction."""
    with transaction.atomic():
        for scope in (committed.acme.scope, committed.brix.viewer_scope, dispatch_scope):
            with scope():
                pass
            assert_closed()
            with pytest.raises(Stop), scope():
                raise Stop
            assert_closed()
            with scope():
                transaction.set_rollback(True)
            assert_closed()


def test_the_same_scope_opens_again_inside_itself_and_stays_open(committed):
    with committed.acme.scope():
        with committed.acme.scope():
            assert Tenant.objects.get().slug == "acme"
        assert Tenant.objects.get().slug == "acme"
    assert_closed()


def test_no_other_scope_opens_inside_a_scope(committed):
    others = (committed.brix.scope, committed.acme.viewer_scope, dispatch_scope)
    with committed.acme.scope():
        for other in others:
            with pytest.raises(ForeignTenant), other():
                pass
        assert Tenant.objects.get().slug == "acme"
    with (
        committed.acme.viewer_scope(),
        pytest.raises(ForeignTenant),
        committed.acme.scope(),
    ):
        pass


def test_a_thread_does_not_inherit_the_scope(committed):
    seen = []

    def look():
        try:
            list(Client.objects.all())
        except NoActiveTenant:
            seen.append(state())
        finally:
            connection.close()

    with committed.acme.scope():
        thread = threading.Thread(target=look)
        thread.start()
        thread.join()

    assert seen == [CLOSED]
