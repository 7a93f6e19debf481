"""The database function that stores: it takes the rows that the program sends, column for column."""

import re

import pytest
from django.db import connection

from billing.flow.days import ZONE, day_of
from billing.flow.store import LedgerRow
from billing.models import UsageEvent
from tests.factories import event

pytestmark = pytest.mark.django_db


def source():
    with connection.cursor() as cursor:
        cursor.execute("SELECT prosrc FROM pg_proc WHERE proname = 'store_events'")
        return cursor.fetchone()[0]


def columns_it_takes():
    """Name and type, as the function reads them from its JSON."""
    (listed,) = set(re.findall(r"json_to_recordset\(p_rows\) AS row\((.*?)\)\n", source()))
    return dict(each.split() for each in listed.split(", "))


def columns_of(table):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT attname::text, atttypid::regtype::text FROM pg_attribute"
            " WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped",
            [table],
        )
        return dict(cursor.fetchall())


def test_no_field_of_a_row_is_lost_on_its_way_into_the_ledger():
    taken = columns_it_takes()

    assert tuple(taken) == LedgerRow.__struct_fields__
    ledger = columns_of(UsageEvent._meta.db_table)
    assert set(taken) - {"payload_hash"} == set(ledger) - {"tenant_id"}


def test_what_a_row_leaves_out_is_zero_or_nothing_never_unknown(world):
    bare = {"input_tokens": 0, "output_tokens": 0}
    world.acme.post(event("bare", usage=bare, model="claude-opus-9"))

    with world.acme.scope():
        stored = UsageEvent.objects.get()

    unknown = {name for name, value in vars(stored).items() if value is None}
    assert unknown == {"price_id", "streamed", "tool_calls", "components", "tags"}
    counted = [
        value for name, value in vars(stored).items() if name.startswith(("tokens_", "cost_"))
    ]
    assert set(counted) == {0}
    assert (stored.source, stored.feature, stored.task) == ("", "", "")


def test_it_puts_an_event_on_the_day_on_which_everybody_else_looks_for_it():
    assert ZONE.replace("%(tenant)s", "p_tenant") in source()
    assert day_of("occurred_at") in source()
