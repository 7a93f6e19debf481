"""The second wall: row-level security, written as migration operations.

In:   a table name and what the roles may do with it.   Out: reversible SQL operations for a migration.
Roles: `costtrack_app` serves one tenant; `costtrack_viewer` serves one client of it and only reads;
      `costtrack_dispatch` sees across tenants which of them have something due. None owns a table, none
      can bypass a policy (costtrack/checks.py refuses to serve otherwise).
Source of the policy form: a scalar sub-select is evaluated once per statement; the bare
      current_setting() costs 3.5 times as much on a scan (docs/decisions/0002).
"""

from typing import Any

from django.apps import AppConfig
from django.db import connections
from django.db.migrations.operations import RunSQL

from tenants.scoping import APP_ROLE, DISPATCH_ROLE, VIEWER_ROLE

ROLES = (APP_ROLE, VIEWER_ROLE, DISPATCH_ROLE)
READ_WRITE = "SELECT, INSERT, UPDATE, DELETE"
SEARCH_PATH = "pg_catalog, public, pg_temp"
"""Of functions that run as the owner. pg_temp is searched first unless it is named: anybody who may make a
temporary table could then put it, and code of their own, in the place of a real one."""


def setting(name: str) -> str:
    """SQL for a wall setting of this transaction; NULL (which equals nothing) when it is not set."""
    return f"(SELECT nullif(current_setting('app.{name}', true), '')::bigint)"


# Whoever made a role may administer it; taking it on is another privilege since PostgreSQL 16.
TAKE_ON = (
    "CASE WHEN current_setting('server_version_num')::int >= 160000 THEN 'SET' ELSE 'MEMBER' END"
)


def create_roles() -> RunSQL:
    """Roles are global to the server, so another database may have made them already."""
    statements = [
        f"""DO $$ BEGIN
                CREATE ROLE {role} NOLOGIN NOSUPERUSER NOBYPASSRLS;
            EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;
            DO $$ BEGIN
                IF NOT pg_has_role(current_user, '{role}', {TAKE_ON}) THEN
                    GRANT {role} TO CURRENT_USER;
                END IF; END $$;
            GRANT USAGE ON SCHEMA public TO {role};"""
        for role in ROLES
    ]
    return RunSQL("\n".join(statements), RunSQL.noop)


def wall(
    table: str, *, tenant: str = "tenant_id", client: str = "", app: str = READ_WRITE
) -> RunSQL:
    """Put a tenant-owned table behind the wall; `client` names the column that narrows viewers.

    Without `client` the viewer role gets no grant: PostgreSQL itself refuses.
    """
    forward = [
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
        f"CREATE POLICY tenant_wall ON {table} TO {APP_ROLE}, {VIEWER_ROLE} "
        f"USING ({tenant} = {setting('tenant_id')})",
        f"GRANT {app} ON {table} TO {APP_ROLE}",
    ]
    backward = [
        f"DROP POLICY tenant_wall ON {table}",
        f"REVOKE ALL ON {table} FROM {', '.join(ROLES)}",
        f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY",
    ]
    if client:
        forward += [
            f"CREATE POLICY client_wall ON {table} AS RESTRICTIVE TO {VIEWER_ROLE} "
            f"USING ({client} = {setting('client_id')})",
            f"GRANT SELECT ON {table} TO {VIEWER_ROLE}",
        ]
        backward.insert(0, f"DROP POLICY client_wall ON {table}")
    return RunSQL(";\n".join(forward), ";\n".join(backward))


def dispatch_sees(table: str, columns: str) -> RunSQL:
    """Let the dispatching role read these columns of every tenant."""
    return RunSQL(
        f"CREATE POLICY dispatch ON {table} FOR SELECT TO {DISPATCH_ROLE} USING (true);"
        f"GRANT SELECT ({columns}) ON {table} TO {DISPATCH_ROLE}",
        f"DROP POLICY dispatch ON {table}; REVOKE ALL ON {table} FROM {DISPATCH_ROLE}",
    )


def dispatch_sees_also(table: str, columns: str) -> RunSQL:
    """More columns of a table of which the dispatching role sees some already."""
    return RunSQL(
        f"GRANT SELECT ({columns}) ON {table} TO {DISPATCH_ROLE}",
        f"REVOKE SELECT ({columns}) ON {table} FROM {DISPATCH_ROLE}",  # noqa: S608  a privilege, not a query
    )


def composite_reference(table: str, column: str, target: str) -> RunSQL:
    """A foreign key on (tenant_id, column): a row can only point into its own tenant."""
    name = f"{table}_{column}_same_tenant"
    return RunSQL(
        f"ALTER TABLE {table} ADD CONSTRAINT {name} FOREIGN KEY (tenant_id, {column}) "
        f"REFERENCES {target} (tenant_id, id)",
        f"ALTER TABLE {table} DROP CONSTRAINT {name}",
    )


def definer_function(
    signature: str,
    *,
    returns: str,
    body: str,
    roles: str = APP_ROLE,
    language: str = "sql STABLE",
) -> RunSQL:
    """A function that runs as the owner of the tables, with a fixed search_path, for named roles only.

    One that changes rows is `plpgsql VOLATILE` and has to check itself whose rows they are.
    """
    return RunSQL(
        f"CREATE FUNCTION {signature} RETURNS {returns} LANGUAGE {language} SECURITY DEFINER "
        f"SET search_path = {SEARCH_PATH} AS $$ {body} $$;"
        f"REVOKE ALL ON FUNCTION {signature} FROM PUBLIC;"
        f"GRANT EXECUTE ON FUNCTION {signature} TO {roles}",
        f"DROP FUNCTION {signature}",
    )


def grant_global_tables(sender: AppConfig, using: str, **_: Any) -> None:
    """After `migrate`: the serving role may use the tables that belong to no tenant (users, sessions…).

    Tables of `billing` and tenant-owned tables get their grants in their migrations, and only there.
    """
    if sender.label == "billing":
        return
    tables = {
        model._meta.db_table
        for model in sender.get_models(include_auto_created=True)
        if not hasattr(model, "tenant_column")
    }
    with connections[using].cursor() as cursor:
        # an app that was migrated back to nothing has none
        for table in tables.intersection(connections[using].introspection.table_names(cursor)):
            cursor.execute(f'GRANT {READ_WRITE} ON "{table}" TO {APP_ROLE}')
        cursor.execute(f"GRANT SELECT ON django_migrations TO {APP_ROLE}")


LET_GO = """
DO $$ DECLARE r record; BEGIN
  FOR r IN
    SELECT c.conrelid::regclass AS named, c.conname, a.attname,
           CASE WHEN NOT a.attnotnull THEN 'SET NULL' ELSE 'CASCADE' END AS rule
    FROM pg_constraint c
    JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
    WHERE c.contype = 'f' AND c.confrelid = 'tenants_user'::regclass AND c.confdeltype = 'a'
      AND (NOT a.attnotnull OR c.conrelid = 'tenants_membership'::regclass OR NOT EXISTS (
          SELECT FROM pg_attribute t WHERE t.attrelid = c.conrelid AND t.attname = 'tenant_id'))
  LOOP
    EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I, ADD CONSTRAINT %I FOREIGN KEY (%I) '
      'REFERENCES tenants_user (id) ON DELETE %s DEFERRABLE INITIALLY DEFERRED',
      r.named, r.conname, r.conname, r.attname, r.rule);
  END LOOP;
END $$
"""


def let_people_go(sender: AppConfig, using: str, **_: Any) -> None:
    """After `migrate`: what becomes of rows that point to a person who is deleted.

    Django would read them first, in every tenant, which the serving role cannot. So the database does it: a
    membership and what is of the account goes, a mention of who did something is emptied. A row of a tenant
    that must name somebody (the owner of a budget) refuses.
    """
    if sender.label == "tenants":
        with connections[using].cursor() as cursor:
            if "tenants_membership" in connections[using].introspection.table_names(cursor):
                cursor.execute(LET_GO)
