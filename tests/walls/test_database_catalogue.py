"""Every table has a wall, by PostgreSQL's own account: a table that is added without one fails here."""

import pytest

from tenants.scoping import APP_ROLE, DISPATCH_ROLE, VIEWER_ROLE
from tenants.walls import ROLES
from tests.walls.catalogue import (
    GLOBAL_TABLES,
    column_grants,
    grants,
    policies,
    query,
    tables,
    tenant_column,
    tenant_tables,
    wall_condition,
)

pytestmark = pytest.mark.django_db

ALL = "DELETE INSERT SELECT UPDATE"
KEPT = "INSERT SELECT UPDATE"
APPEND = "INSERT SELECT"

# table -> what the serving role may do, and the column that narrows client viewers ('' = they see nothing).
WALLS = {
    "billing_cachebreak": ("DELETE INSERT SELECT", ""),
    "billing_channel": (KEPT, ""),
    "billing_alarm": (KEPT, ""),
    "billing_alert": (KEPT, ""),
    "billing_budget": (KEPT, "shared_with_id"),
    "billing_budgetchannel": ("DELETE INSERT SELECT", ""),
    "billing_budgetversion": (APPEND, ""),
    "billing_agreedprice": (APPEND, ""),
    "billing_componentspend": (ALL, "client_id"),
    "billing_dailyspend": (ALL, "client_id"),
    "billing_delivery": (KEPT, ""),
    "billing_deliveryattempt": (KEPT, ""),
    "billing_dimensionvalue": ("DELETE INSERT SELECT", ""),
    "billing_discount": (APPEND, ""),
    "billing_eventcorrection": (APPEND, "client_id"),
    "billing_eventkey": (APPEND, ""),
    "billing_horizon": ("SELECT", ""),
    "billing_hourlyspend": (ALL, "client_id"),
    "billing_insightday": (KEPT, ""),
    "billing_insightnote": (ALL, ""),
    "billing_insightsum": ("DELETE INSERT SELECT", ""),
    "billing_markup": (APPEND, "client_id"),
    "billing_patient": ("DELETE INSERT SELECT", ""),
    "billing_projectday": (ALL, "client_id"),
    "billing_retention": (KEPT, ""),
    "billing_repricedday": (KEPT, ""),
    "billing_projectplan": (APPEND, ""),
    "billing_repricing": (KEPT, ""),
    "billing_scenario": (KEPT, ""),
    "billing_spendday": (KEPT, ""),
    "billing_spendentry": (ALL, "client_id"),
    "billing_taskday": ("DELETE INSERT SELECT", ""),
    "billing_usageevent": (APPEND, "client_id"),
    "billing_verification": ("DELETE INSERT SELECT", ""),
    "billing_whatifday": (APPEND, ""),
    "billing_whatifrun": (KEPT, ""),
    "billing_zonechange": (KEPT, ""),
    "tenants_apikey": (KEPT, ""),
    "tenants_auditentry": (APPEND, ""),
    "tenants_invitation": (KEPT, ""),
    "tenants_client": (KEPT, "id"),
    "tenants_logo": ("DELETE INSERT SELECT", "client_id"),
    "tenants_membership": (ALL, ""),
    "tenants_project": (KEPT, "client_id"),
}
RECORDS = (
    "billing_usageevent",
    "billing_eventcorrection",
    "billing_budgetversion",
    "billing_eventkey",
    "tenants_auditentry",
)
CLOSED = dict.fromkeys(
    ("billing_agreedprice", "billing_discount", "billing_markup"),
    "UPDATE closed_at UPDATE closed_by UPDATE until",
)
"""Rows that can be added and closed, and not changed otherwise."""
READ_ONLY = {"billing_modelalias", "billing_pricerow"}
SIGNS_OF_LIFE = "billing_heartbeat"
COMPARED = {  # what the dispatching role, and it alone, may write
    "billing_bookdifference": ALL,
    "billing_listedprice": "DELETE INSERT SELECT",
}
DISPATCHED = {
    "tenants_tenant": "SELECT id SELECT slug SELECT timezone",
    "billing_delivery": "SELECT created_at SELECT next_at SELECT person_id SELECT state SELECT tenant_id",
    "billing_budget": "SELECT archived_at SELECT tenant_id",
    "billing_retention": "SELECT tenant_id",
    "tenants_invitation": "SELECT accepted_at SELECT expires_at SELECT mail_tried_at SELECT mailed_at"
    " SELECT revoked_at SELECT tenant_id",
    "billing_repricing": "SELECT state SELECT tenant_id",
    "billing_spendday": "SELECT day SELECT differences SELECT tenant_id",
    "billing_spendentry": "SELECT id SELECT stored_at SELECT tenant_id",
    "billing_verification": "SELECT at SELECT differences SELECT milliseconds SELECT since SELECT tenant_id"
    " SELECT until",
    "billing_whatifrun": "SELECT state SELECT tenant_id",
    "billing_zonechange": "SELECT finished_at SELECT tenant_id SELECT worked_at",
}


def expected_grants():
    found = {("tenants_tenant", APP_ROLE): KEPT, ("tenants_tenant", VIEWER_ROLE): "SELECT"}
    for table, (app, client) in WALLS.items():
        found[table, APP_ROLE] = app
        if client:
            found[table, VIEWER_ROLE] = "SELECT"
    for table in GLOBAL_TABLES - READ_ONLY:
        found[table, APP_ROLE] = "SELECT" if table == "django_migrations" else ALL
    for table in READ_ONLY:
        found[table, APP_ROLE] = found[table, VIEWER_ROLE] = "SELECT"
    for table, dispatch in COMPARED.items():
        found[table, APP_ROLE], found[table, DISPATCH_ROLE] = "SELECT", dispatch
    found[SIGNS_OF_LIFE, APP_ROLE], found[SIGNS_OF_LIFE, DISPATCH_ROLE] = KEPT, "SELECT"
    return found


def expected_policies(table, client):
    both = f"{APP_ROLE} {VIEWER_ROLE}"
    tenant = wall_condition(tenant_column(table), "tenant_id")
    found = {"tenant_wall": ("PERMISSIVE", both, "ALL", tenant)}
    if client:
        condition = wall_condition(client, "client_id")
        found["client_wall"] = ("RESTRICTIVE", VIEWER_ROLE, "ALL", condition)
    if table in DISPATCHED:
        found["dispatch"] = ("PERMISSIVE", DISPATCH_ROLE, "SELECT", "true")
    return found


@pytest.mark.smoke
def test_every_table_is_a_tenants_own_or_is_known_to_be_everybodys():
    assert tenant_tables() == {*WALLS, "tenants_tenant"}
    assert set(tables()) - tenant_tables() == GLOBAL_TABLES


@pytest.mark.smoke
def test_every_tenant_table_has_exactly_its_policies():
    walls = {table: client for table, (_, client) in WALLS.items()} | {"tenants_tenant": ""}

    assert policies() == {table: expected_policies(table, walls[table]) for table in walls}


def test_row_level_security_is_on_for_every_tenant_table():
    rows = query("SELECT relname FROM pg_class WHERE relrowsecurity AND NOT relispartition")

    assert {name for (name,) in rows} == tenant_tables()


@pytest.mark.smoke
def test_the_roles_have_these_grants_and_no_others():
    """Also: nothing for PUBLIC, for partitions of the ledger, for views; viewers only ever SELECT."""
    assert grants() == expected_grants()
    assert column_grants() == {
        (name, role): found
        for role, columns in ((DISPATCH_ROLE, DISPATCHED), (APP_ROLE, CLOSED))
        for name, found in columns.items()
    }
    assert grants(kinds=["S"]) == {("tenants_tenant_id_seq", APP_ROLE): "USAGE"}


def test_ledger_identities_and_audit_can_only_be_added_to():
    for table in RECORDS:
        held = {found for (name, _), found in grants().items() if name == table}
        assert held <= {APPEND, "SELECT"}


def test_there_are_no_views_which_would_run_with_their_owners_eyes():
    views = query(
        "SELECT relname FROM pg_class WHERE relkind IN ('v', 'm') AND relnamespace = 'public'::regnamespace"
    )

    assert views == []


def test_the_roles_own_nothing_inherit_nothing_and_can_bypass_nothing():
    rows = query(
        "SELECT rolname, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication,"
        " (SELECT count(*) FROM pg_auth_members m WHERE m.member = r.oid),"
        " (SELECT count(*) FROM pg_class c WHERE c.relowner = r.oid),"
        " has_schema_privilege(r.oid, 'public', 'CREATE')"
        " FROM pg_roles r WHERE rolname = ANY(%s)",
        [list(ROLES)],
    )

    assert sorted(rows) == sorted((role, *[False] * 6, 0, 0, False) for role in ROLES)


def test_functions_that_run_as_the_owner_are_few_and_closed_to_the_public():
    rows = query(
        "SELECT p.proname, p.proconfig, array_agg(coalesce(r.rolname, 'PUBLIC')::text)"
        " FROM pg_proc p CROSS JOIN LATERAL aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a"
        " LEFT JOIN pg_roles r ON r.oid = a.grantee"
        " WHERE p.prosecdef AND p.pronamespace = 'public'::regnamespace AND a.grantee <> p.proowner"
        " GROUP BY 1, 2"
    )
    path = ["search_path=pg_catalog, public, pg_temp"]

    assert {name: (config, sorted(roles)) for name, config, roles in rows} == {
        "api_key_lookup": (path, [APP_ROLE]),
        "memberships_of": (path, [APP_ROLE]),
        "invitation_lookup": (path, [APP_ROLE]),
        "visit": (path, [APP_ROLE]),
        "agency_logo": (path, [VIEWER_ROLE]),
        "make_event_partitions": (path, [APP_ROLE, DISPATCH_ROLE]),
        "let_go_of_events": (path, [APP_ROLE]),
        "forget_events": (path, [APP_ROLE]),
        "empty_a_month": (path, [DISPATCH_ROLE]),
    }


def test_keys_of_tenant_tables_begin_with_the_tenant_or_tell_nothing():
    """Row-level security does not bind unique keys: one over all tenants would tell what others have."""
    rows = query(
        """
        SELECT c.relname, array(
            SELECT a.attname::text FROM unnest(i.indkey) WITH ORDINALITY k (number, place)
            JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.number ORDER BY place)
        FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
        WHERE i.indisunique AND c.relname = ANY(%s)
        """,
        [list(tenant_tables())],
    )
    keys = {(table, tuple(columns)) for table, columns in rows if columns[0] != "tenant_id"}

    surrogates = {key for key in keys if key[1] == ("id",)}
    assert keys - surrogates == {
        ("tenants_tenant", ("slug",)),  # it is in every address
        ("tenants_apikey", ("digest",)),  # of 256 random bits
        ("tenants_invitation", ("digest",)),  # likewise
    }


def test_references_between_tenant_tables_carry_the_tenant():
    rows = query(
        """
        SELECT c.relname, f.relname, array(
            SELECT a.attname::text FROM unnest(r.conkey) k
            JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k ORDER BY a.attname = 'tenant_id' DESC)
        FROM pg_constraint r JOIN pg_class c ON c.oid = r.conrelid JOIN pg_class f ON f.oid = r.confrelid
        WHERE r.contype = 'f' AND f.relname = ANY(%s) AND NOT c.relispartition
        """,
        [list(tenant_tables())],
    )
    between = {(table, target, *columns) for table, target, columns in rows}

    assert {each for each in between if each[1] != "tenants_tenant"} == {
        ("billing_delivery", "billing_channel", "tenant_id", "channel_id"),
        ("billing_deliveryattempt", "billing_delivery", "tenant_id", "delivery_id"),
        ("billing_alert", "billing_budget", "tenant_id", "budget_id"),
        ("billing_budget", "tenants_client", "tenant_id", "client_id"),
        ("billing_budget", "tenants_client", "tenant_id", "shared_with_id"),
        ("billing_budget", "tenants_project", "tenant_id", "project_id"),
        ("billing_budgetchannel", "billing_budget", "tenant_id", "budget_id"),
        ("billing_budgetchannel", "billing_channel", "tenant_id", "channel_id"),
        ("billing_budgetversion", "billing_budget", "tenant_id", "budget_id"),
        ("billing_projectplan", "tenants_project", "tenant_id", "project_id"),
        ("billing_repricedday", "billing_repricing", "tenant_id", "repricing_id"),
        ("billing_whatifday", "billing_whatifrun", "tenant_id", "run_id"),
        ("tenants_apikey", "tenants_project", "tenant_id", "project_id"),
        ("tenants_invitation", "tenants_client", "tenant_id", "client_id"),
        ("tenants_logo", "tenants_client", "tenant_id", "client_id"),
        ("tenants_membership", "tenants_client", "tenant_id", "client_id"),
        ("tenants_project", "tenants_client", "tenant_id", "client_id"),
    }
    assert {each[2:] for each in between if each[1] == "tenants_tenant"} == {("tenant_id",)}
