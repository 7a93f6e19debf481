"""The ways round a policy that PostgreSQL leaves open unless one closes them: partitions, upserts, keys,
references, temporary tables, statistics."""

import json

import pytest
from django.db import DatabaseError, transaction

from tenants.keys import digest_of
from tenants.scoping import APP_ROLE
from tenants.walls import ROLES
from tests.walls.catalogue import query
from tests.walls.roles import (
    DANGLING,
    FORBIDDEN,
    TAKEN,
    as_owner,
    insert,
    one,
    refusal,
    row_of,
    speaking_as,
)

CHILDREN = """
SELECT inhrelid::regclass::text FROM pg_inherits JOIN pg_class c ON c.oid = inhrelid
WHERE inhparent = 'billing_usageevent'::regclass AND c.relkind = 'r'
"""
FRESH_ID = "2000000000"


def complaint(cursor, sql, parameters):
    """What PostgreSQL says, without the figures of the row in hand."""
    with pytest.raises(DatabaseError) as caught, transaction.atomic():
        cursor.execute(sql, parameters)
    found = caught.value.__cause__.diag
    return (found.sqlstate, found.message_primary, found.constraint_name)


@pytest.mark.smoke
@pytest.mark.parametrize("role", ROLES)
def test_a_partition_cannot_be_asked_past_its_parents_policy(twins, role):
    children = [name for (name,) in query(CHILDREN)]
    assert len(children) > 60

    with speaking_as(role, tenant=twins.acme.id) as cursor:
        cursor.execute(
            "SELECT name FROM unnest(%s::text[]) name"
            " WHERE has_any_column_privilege(name, 'SELECT, INSERT, UPDATE')"
            " OR has_table_privilege(name, 'DELETE, TRUNCATE')",
            [children],
        )
        assert cursor.fetchall() == []
        assert refusal(cursor, f"SELECT FROM {children[-1]}") == FORBIDDEN


def test_a_partition_that_is_made_later_is_closed_as_well(twins):
    with as_owner() as cursor:
        cursor.execute("SELECT make_event_partitions((current_date + 390)::date)")
        youngest = one(cursor, f"{CHILDREN} ORDER BY 1 DESC LIMIT 1")
        cursor.execute(f"SET LOCAL ROLE {APP_ROLE}")
        assert refusal(cursor, f"SELECT FROM {youngest}") == FORBIDDEN


def test_partitions_cannot_be_made_without_end(twins):
    with speaking_as(APP_ROLE) as cursor, pytest.raises(DatabaseError, match="400 days"):
        cursor.execute("SELECT make_event_partitions((current_date + 401)::date)")


@pytest.mark.parametrize("table", ["tenants_client", "tenants_project", "tenants_apikey"])
def test_an_upsert_does_not_reach_a_foreign_row_by_its_id(twins, table):
    """The row says Acme, the id is Brix's."""
    foreign = row_of(table, twins.brix.id)
    mine = row_of(table, twins.acme.id, id=f"'{foreign}'::jsonb -> 'id'")

    with speaking_as(APP_ROLE, tenant=twins.acme.id) as cursor:
        upsert = f"{insert(table)} ON CONFLICT (id) DO UPDATE SET name = 'stolen'"
        assert refusal(cursor, upsert, [mine]) == FORBIDDEN


@pytest.mark.parametrize(
    ("table", "column", "target", "unique"),
    [
        ("tenants_project", "client_id", "tenants_client", {"slug": "'fresh'"}),
        ("tenants_apikey", "project_id", "tenants_project", {"digest": r"'\x00'::bytea"}),
        (
            "tenants_membership",
            "client_id",
            "tenants_client",
            {"role": "'client'", "user_id": "(SELECT max(id) FROM tenants_user)"},
        ),
    ],
)
def test_a_reference_into_another_company_looks_like_one_into_nothing(
    twins, table, column, target, unique
):
    foreign = f"(SELECT min(id) FROM {target} WHERE tenant_id = {twins.brix.id})"
    rows = [
        row_of(table, twins.acme.id, id=FRESH_ID, **unique, **{column: value})
        for value in (foreign, FRESH_ID)
    ]

    with speaking_as(APP_ROLE, tenant=twins.acme.id) as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        into_brix, into_nothing = (complaint(cursor, insert(table), [row]) for row in rows)

    assert into_brix == into_nothing
    assert into_brix[0] == DANGLING


@pytest.mark.parametrize(
    ("table", "slug"), [("tenants_client", "only-brix"), ("tenants_project", "secret-brix")]
)
def test_a_slug_that_another_company_uses_is_free(twins, table, slug):
    row = row_of(table, twins.acme.id, id=FRESH_ID, slug=f"'{slug}'")

    with speaking_as(APP_ROLE, tenant=twins.acme.id) as cursor:
        assert refusal(cursor, insert(table), [row]) is None
        assert refusal(cursor, insert(table), [row]) == TAKEN


def test_a_temporary_table_does_not_stand_in_for_the_keys(twins):
    """The lookup runs as the owner: what it reads must be the real table, whoever calls it."""
    forged = "ct_" + "x" * 51

    with speaking_as(APP_ROLE, tenant=twins.acme.id) as cursor:
        cursor.execute("CREATE TEMP TABLE tenants_apikey AS SELECT * FROM public.tenants_apikey")
        cursor.execute(
            "UPDATE pg_temp.tenants_apikey SET tenant_id = %s, digest = %s",
            [twins.brix.id, digest_of(forged)],
        )
        cursor.execute("SELECT * FROM api_key_lookup(%s, now())", [digest_of(forged)])
        assert cursor.fetchall() == []


def test_the_key_lookup_tells_nothing_but_of_the_key_in_hand(twins):
    secret = twins.brix.company.keys["read"]

    with speaking_as(APP_ROLE, tenant=twins.acme.id) as cursor:
        cursor.execute("SELECT tenant_id FROM api_key_lookup(%s, now())", [digest_of(secret)])
        assert cursor.fetchall() == [(twins.brix.id,)]
        cursor.execute("SELECT * FROM api_key_lookup(%s, now())", [digest_of(secret)[:31]])
        assert cursor.fetchall() == []


def row_key(tenant):
    return (
        row_of("billing_eventkey", tenant) and json.loads(row_of("billing_eventkey", tenant))["key"]
    )


def stored_row(twins, tenant, **changes):
    """A ledger row as `store_events` takes it, with an identity that is new."""
    said = row_of("billing_usageevent", tenant, **changes)
    return json.dumps([json.loads(said) | {"key": "0" * 32, "payload_hash": 1}])


STORE = "SELECT * FROM store_events(%s, %s)"
DESK = "SELECT desk::json->>'places' FROM take_in(%s, {}, '', '[]', false)"


@pytest.mark.smoke
def test_the_store_takes_nothing_for_another_company(twins):
    row = stored_row(twins, twins.acme.id)

    with speaking_as(APP_ROLE, tenant=twins.acme.id) as cursor:
        assert refusal(cursor, STORE, [twins.brix.id, row]) == FORBIDDEN
        assert refusal(cursor, STORE, [twins.acme.id, row]) is None
    with speaking_as(APP_ROLE) as cursor:
        assert refusal(cursor, STORE, [twins.acme.id, row]) == FORBIDDEN


def test_a_row_that_names_another_company_is_stored_for_the_one_that_is_active(twins):
    row = stored_row(twins, twins.acme.id, tenant_id=str(twins.brix.id))
    assert json.loads(row)[0]["tenant_id"] == twins.brix.id
    count = "SELECT count(*) FROM billing_eventkey WHERE tenant_id = %s"

    with as_owner() as cursor:
        cursor.execute(f"SET LOCAL app.tenant_id = '{int(twins.acme.id)}'")
        before = [one(cursor, count, [each.id]) for each in (twins.acme, twins.brix)]
        cursor.execute(f"SET LOCAL ROLE {APP_ROLE}")
        cursor.execute(STORE, [twins.acme.id, row])
        cursor.execute("SET LOCAL ROLE NONE")
        after = [one(cursor, count, [each.id]) for each in (twins.acme, twins.brix)]

    assert after == [before[0] + 1, before[1]]


def test_what_stands_under_an_identity_is_told_to_its_own_company_only(twins):
    theirs = stored_row(twins, twins.brix.id, tenant_id=str(twins.brix.id))
    known = json.loads(theirs)[0] | {"key": row_key(twins.brix.id)}

    with speaking_as(APP_ROLE, tenant=twins.acme.id) as cursor:
        assert refusal(cursor, STORE, [twins.brix.id, json.dumps([known])]) == FORBIDDEN


def test_the_desk_tells_a_company_of_its_own_projects_only(twins):
    with speaking_as(APP_ROLE, tenant=twins.acme.id) as cursor:
        slugs = "ARRAY(SELECT slug::text FROM tenants_project)"
        assert one(cursor, DESK.format(slugs), [twins.acme.id]) not in {"{}", None}
        brix = DESK.format("'{only-brix,secret-brix}'")
        assert one(cursor, brix, [twins.brix.id]) == "{}"
        assert one(cursor, brix, [twins.acme.id]) == "{}"


@pytest.mark.parametrize("role", sorted({*ROLES} - {APP_ROLE}))
def test_only_the_serving_role_stores(twins, role):
    with speaking_as(role, tenant=twins.acme.id) as cursor:
        assert refusal(cursor, STORE, [twins.acme.id, "[]"]) == FORBIDDEN
        assert refusal(cursor, DESK.format("'{}'"), [twins.acme.id]) == FORBIDDEN


def test_no_function_is_open_to_the_public():
    rows = query(
        "SELECT proname FROM pg_proc p WHERE pronamespace = 'public'::regnamespace"
        " AND has_function_privilege('public', p.oid, 'EXECUTE')"
        " AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')"
        " AND p.prorettype <> 'trigger'::regtype"
    )

    assert rows == []


@pytest.mark.parametrize("role", ROLES)
def test_statistics_show_no_values_of_walled_tables(twins, role):
    with as_owner() as cursor:
        cursor.execute("ANALYZE tenants_client, tenants_apikey, billing_dailyspend")
        assert one(cursor, "SELECT count(*) FROM pg_stats WHERE tablename = 'tenants_client'")
        cursor.execute(f"SET LOCAL ROLE {role}")
        shown = one(
            cursor,
            "SELECT count(*) FROM pg_stats WHERE tablename ~ '^(tenants_(client|apikey)|billing_dailyspend)'",
        )
    assert shown == 0
