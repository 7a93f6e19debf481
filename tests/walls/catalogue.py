"""What PostgreSQL itself says of tables, grants, policies and functions: the state that tests compare."""

from django.db import connection

# Every table but partitions: one without a tenant_id and without an entry here fails the suite.
GLOBAL_TABLES = {
    "account_emailaddress",
    "account_emailconfirmation",
    "auth_group",
    "auth_group_permissions",
    "auth_permission",
    "billing_bookdifference",
    "billing_heartbeat",
    "billing_listedprice",
    "billing_modelalias",
    "billing_pricerow",
    "django_admin_log",
    "django_content_type",
    "django_migrations",
    "django_session",
    "mfa_authenticator",
    "socialaccount_socialaccount",
    "socialaccount_socialapp",
    "socialaccount_socialtoken",
    "tenants_user",
    "tenants_user_groups",
    "tenants_user_user_permissions",
    "usersessions_usersession",
}
TABLES = """
SELECT c.relname, EXISTS (
    SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped)
FROM pg_class c
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'f') AND NOT c.relispartition
"""
GRANTS = """
SELECT c.relname, coalesce(r.rolname, 'PUBLIC'), array_agg(a.privilege_type::text)
FROM pg_class c CROSS JOIN LATERAL aclexplode(c.relacl) a LEFT JOIN pg_roles r ON r.oid = a.grantee
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = ANY(%s) AND a.grantee <> c.relowner
GROUP BY 1, 2
"""
COLUMN_GRANTS = """
SELECT c.relname, coalesce(r.rolname, 'PUBLIC'), array_agg(a.privilege_type || ' ' || t.attname)
FROM pg_class c JOIN pg_attribute t ON t.attrelid = c.oid
CROSS JOIN LATERAL aclexplode(t.attacl) a LEFT JOIN pg_roles r ON r.oid = a.grantee
WHERE c.relnamespace = 'public'::regnamespace GROUP BY 1, 2
"""


def query(sql, parameters=()):
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall()


def tables():
    """Name of each table, and whether it has a tenant_id."""
    return dict(query(TABLES))


def tenant_tables():
    return {name for name, is_owned in tables().items() if is_owned} | {"tenants_tenant"}


def tenant_column(table):
    return "id" if table == "tenants_tenant" else "tenant_id"


def grants(kinds=("r", "p", "f", "v", "m")):
    """(table, role) -> privileges, of everybody but the owner."""
    rows = query(GRANTS, [list(kinds)])
    return {(table, role): " ".join(sorted(found)) for table, role, found in rows}


def column_grants():
    rows = query(COLUMN_GRANTS)
    return {(table, role): " ".join(sorted(found)) for table, role, found in rows}


def policies():
    """table -> {name: (kind, roles, command, condition)}"""
    found = {}
    rows = query(
        "SELECT tablename, policyname, permissive, roles::text[], cmd, qual, with_check FROM pg_policies"
    )
    for table, name, kind, roles, command, using, check in rows:
        assert check is None, f"{table}.{name} checks new rows by another rule than old ones"
        found.setdefault(table, {})[name] = (kind, " ".join(sorted(roles)), command, using)
    return found


def wall_condition(column, setting):
    """The condition as PostgreSQL prints it: a scalar sub-select, evaluated once per statement."""
    value = f"(NULLIF(current_setting('app.{setting}'::text, true), ''::text))::bigint"
    return f'({column} = ( SELECT {value} AS "nullif"))'
