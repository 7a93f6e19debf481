"""The database wall alone: bare SQL as each role, with no manager in between, shows one tenant's rows."""

import pytest

from tenants.scoping import APP_ROLE, DISPATCH_ROLE, VIEWER_ROLE
from tests.walls.catalogue import tenant_column, tenant_tables
from tests.walls.reading import OWNED
from tests.walls.roles import FORBIDDEN, TAKEN, as_owner, insert, one, refusal, row_of, speaking_as

TABLES = sorted(model._meta.db_table for model in OWNED)
CLIENT_COLUMN = {model._meta.db_table: model.client_column for model in OWNED}

RECORDS = (
    "billing_usageevent",
    "billing_eventcorrection",
    "billing_budgetversion",
    "billing_eventkey",
    "tenants_auditentry",
)

WRITTEN_BY_THE_OWNER = "billing_horizon"

each_table = pytest.mark.parametrize("table", TABLES)
each_role = pytest.mark.parametrize("role", [APP_ROLE, VIEWER_ROLE, DISPATCH_ROLE])


def really(table, condition="true"):
    with as_owner() as cursor:
        return one(cursor, f"SELECT count(*) FROM {table} WHERE {condition}")


def test_every_tenant_table_is_tried(twins):
    assert set(TABLES) == tenant_tables()


@pytest.mark.smoke
@each_table
def test_the_serving_role_sees_one_tenants_rows_and_all_of_them(twins, table):
    own = really(table, f"{tenant_column(table)} = {twins.acme.id}")
    foreign = really(table, f"{tenant_column(table)} = {twins.brix.id}")

    with speaking_as(APP_ROLE, tenant=twins.acme.id) as cursor:
        seen = one(cursor, f"SELECT count(*) FROM {table}")
        others = one(
            cursor,
            f"SELECT count(*) FROM {table} WHERE {tenant_column(table)} <> %s",
            [twins.acme.id],
        )

    assert own > 0 and foreign > 0
    assert (seen, others) == (own, 0)


@each_table
def test_a_viewer_sees_the_own_client_or_is_refused(twins, table):
    client = twins.acme.client_id
    column = CLIENT_COLUMN[table]

    with speaking_as(VIEWER_ROLE, tenant=twins.acme.id, client=client) as cursor:
        if table == "tenants_tenant":
            assert one(cursor, "SELECT array_agg(id) FROM tenants_tenant") == [twins.acme.id]
        elif column:
            seen = one(cursor, f"SELECT array_agg(DISTINCT {column}) FROM {table}")
            assert seen == [client]
        else:
            assert refusal(cursor, f"SELECT FROM {table}") == FORBIDDEN


@each_table
def test_a_viewer_with_a_client_of_another_company_sees_nothing(twins, table):
    if not CLIENT_COLUMN[table]:
        return
    foreign = twins.brix.client_id

    with speaking_as(VIEWER_ROLE, tenant=twins.acme.id, client=foreign) as cursor:
        assert one(cursor, f"SELECT count(*) FROM {table}") == 0


@each_table
@pytest.mark.parametrize("tenant", [None, 0, -1, 2_000_000_000])
def test_without_a_tenant_there_are_no_rows(twins, table, tenant):
    with speaking_as(APP_ROLE, tenant=tenant) as cursor:
        assert one(cursor, f"SELECT count(*) FROM {table}") == 0


@each_table
def test_a_viewer_without_a_client_sees_no_rows(twins, table):
    with speaking_as(VIEWER_ROLE, tenant=twins.acme.id) as cursor:
        if CLIENT_COLUMN[table]:
            assert one(cursor, f"SELECT count(*) FROM {table}") == 0


@each_table
def test_the_dispatching_role_learns_who_has_something_due_and_nothing_else(twins, table):
    """Whatever the settings say: it is bound by columns, not by a tenant."""
    known = {
        "tenants_tenant": "id, slug, timezone",
        "billing_budget": "tenant_id, archived_at",
        "billing_retention": "tenant_id",
        "billing_zonechange": "tenant_id, worked_at, finished_at",
        "billing_spendday": "tenant_id, day, differences",
        "billing_spendentry": "tenant_id, id, stored_at",
        "billing_verification": "tenant_id, at, since, until, differences, milliseconds",
    }

    with speaking_as(DISPATCH_ROLE, tenant=twins.acme.id) as cursor:
        assert refusal(cursor, f"SELECT * FROM {table}") == FORBIDDEN
        if table in known:
            cursor.execute(f"SELECT {known[table]} FROM {table}")
            assert {twins.acme.id, twins.brix.id} <= {row[0] for row in cursor.fetchall()}


# --- Writing -----------------------------------------------------------------------------------------


@each_table
@each_role
def test_no_role_adds_a_row_for_another_tenant(twins, table, role):
    row = row_of(table, twins.brix.id)

    with speaking_as(role, tenant=twins.acme.id, client=twins.acme.client_id) as cursor:
        assert refusal(cursor, insert(table), [row]) == FORBIDDEN


@each_table
def test_an_own_row_passes_the_wall_and_meets_the_keys(twins, table):
    """The other side of the two tests around this one: it is the tenant that they are refused for."""
    expected = FORBIDDEN if table == WRITTEN_BY_THE_OWNER else TAKEN

    with speaking_as(APP_ROLE, tenant=twins.acme.id) as cursor:
        assert refusal(cursor, insert(table), [row_of(table, twins.acme.id)]) == expected


@each_table
def test_without_a_tenant_nothing_is_added(twins, table):
    row = row_of(table, twins.brix.id)

    with speaking_as(APP_ROLE) as cursor:
        assert refusal(cursor, insert(table), [row]) == FORBIDDEN


@each_table
@each_role
def test_no_role_changes_or_deletes_a_row_of_another_tenant(twins, table, role):
    """Either it may not change this table at all, or it meets no row to change."""
    column = tenant_column(table)
    for statement in (
        f"UPDATE {table} SET {column} = {column} WHERE {column} = %s",
        f"DELETE FROM {table} WHERE {column} = %s",
    ):
        with speaking_as(role, tenant=twins.acme.id, client=twins.acme.client_id) as cursor:
            refused = refusal(cursor, statement, [twins.brix.id])
            assert refused == FORBIDDEN or (refused is None and cursor.rowcount == 0)


@each_table
def test_no_row_moves_to_another_tenant(twins, table):
    column = tenant_column(table)

    with speaking_as(APP_ROLE, tenant=twins.acme.id) as cursor:
        assert refusal(cursor, f"UPDATE {table} SET {column} = %s", [twins.brix.id]) == FORBIDDEN


@each_table
def test_a_viewer_changes_nothing_even_of_its_own(twins, table):
    client = twins.acme.client_id
    row = row_of(table, twins.acme.id)
    column = tenant_column(table)

    with speaking_as(VIEWER_ROLE, tenant=twins.acme.id, client=client) as cursor:
        assert refusal(cursor, insert(table), [row]) == FORBIDDEN
        assert refusal(cursor, f"UPDATE {table} SET {column} = {column}") == FORBIDDEN
        assert refusal(cursor, f"DELETE FROM {table}") == FORBIDDEN


@each_table
@each_role
def test_no_role_empties_a_table(twins, table, role):
    with speaking_as(role, tenant=twins.acme.id) as cursor:
        assert refusal(cursor, f"TRUNCATE {table} CASCADE") == FORBIDDEN


@pytest.mark.smoke
@pytest.mark.parametrize("table", RECORDS)
def test_what_was_recorded_is_never_edited_or_deleted(twins, table):
    with speaking_as(APP_ROLE, tenant=twins.acme.id) as cursor:
        assert refusal(cursor, f"UPDATE {table} SET tenant_id = tenant_id") == FORBIDDEN
        assert refusal(cursor, f"DELETE FROM {table}") == FORBIDDEN
