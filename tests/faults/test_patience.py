"""What a frozen process may hold on to, without waiting for it to freeze (`make soak` does)."""

from django.db import connection


def shown(setting):
    with connection.cursor() as cursor:
        cursor.execute(f"SHOW {setting}")
        return cursor.fetchone()[0]


def test_a_session_that_falls_silent_in_a_scope_is_ended_by_the_database(world):
    outside = shown("idle_in_transaction_session_timeout")

    with world.acme.scope():
        inside = shown("idle_in_transaction_session_timeout")

    assert inside == "30s"
    assert shown("idle_in_transaction_session_timeout") == outside == "0"
