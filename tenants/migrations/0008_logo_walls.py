"""Logos behind the wall; a membership says which logo the company has."""

from django.db import migrations

from tenants.scoping import VIEWER_ROLE
from tenants.walls import composite_reference, definer_function, setting, wall

COLUMNS = (
    "tenant_id int, slug varchar, name varchar, timezone varchar, role varchar,"
    " client_id int, client_slug varchar, client_name varchar,"
    " seen_at timestamptz, needs_second_factor bool, has_second_factor bool"
)
READ = """
    SELECT t.id, t.slug, t.name, t.timezone, m.role, c.id, c.slug, c.name,
        m.seen_at, t.needs_second_factor, EXISTS (
            SELECT FROM mfa_authenticator a
            WHERE a.user_id = p_user AND a.type IN ('totp', 'webauthn')){more}
    FROM tenants_membership m
    JOIN tenants_tenant t ON t.id = m.tenant_id
    LEFT JOIN tenants_client c ON c.tenant_id = m.tenant_id AND c.id = m.client_id
    WHERE m.user_id = p_user
"""
LOGO = """, coalesce((
            SELECT l.digest FROM tenants_logo l WHERE l.tenant_id = t.id AND l.client_id IS NULL), '')"""
NOTE = """
    WITH noted AS (
        UPDATE tenants_membership m SET seen_at = p_now FROM tenants_tenant t
        WHERE t.slug = p_slug AND m.tenant_id = t.id AND m.user_id = p_user
          AND (m.seen_at IS NULL OR m.seen_at < p_now - interval '10 minutes'))
    SELECT * FROM memberships_of(p_user)
"""


def functions(columns, more):
    return [
        definer_function(
            "memberships_of(p_user int)",
            returns=f"TABLE ({columns})",
            body=READ.format(more=more),
        ),
        definer_function(
            "visit(p_user int, p_slug varchar, p_now timestamptz)",
            returns=f"TABLE ({columns})",
            language="sql VOLATILE",
            body=NOTE,
        ),
    ]


class Migration(migrations.Migration):
    dependencies = [("tenants", "0007_owners_logos")]

    operations = [
        wall("tenants_logo", client="client_id", app="SELECT, INSERT, DELETE"),
        composite_reference("tenants_logo", "client_id", "tenants_client"),
        *(
            migrations.RunSQL(each.reverse_sql, each.sql)
            for each in reversed(functions(COLUMNS, ""))
        ),
        *functions(f"{COLUMNS}, logo varchar", LOGO),
        definer_function(
            "agency_logo(p_digest varchar)",
            returns="TABLE (kind varchar, picture bytea)",
            body=f"""
                SELECT l.kind, l.picture FROM tenants_logo l
                WHERE l.tenant_id = {setting("tenant_id")} AND l.client_id IS NULL AND l.digest = p_digest
            """,
            roles=VIEWER_ROLE,
        ),
    ]
