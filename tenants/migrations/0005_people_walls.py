"""Invitations behind the wall; memberships say more, and when each was last used."""

from django.db import migrations

from tenants.walls import composite_reference, definer_function, dispatch_sees, wall

COLUMNS = (
    "tenant_id int, slug varchar, name varchar, timezone varchar, role varchar,"
    " client_id int, client_slug varchar, client_name varchar"
)
MORE = ", seen_at timestamptz, needs_second_factor bool, has_second_factor bool"
READ = """
    SELECT t.id, t.slug, t.name, t.timezone, m.role, c.id, c.slug, c.name{more}
    FROM tenants_membership m
    JOIN tenants_tenant t ON t.id = m.tenant_id
    LEFT JOIN tenants_client c ON c.tenant_id = m.tenant_id AND c.id = m.client_id
    WHERE m.user_id = p_user
"""
BEFORE = definer_function(
    "memberships_of(p_user int)", returns=f"TABLE ({COLUMNS})", body=READ.format(more="")
)
AFTER = definer_function(
    "memberships_of(p_user int)",
    returns=f"TABLE ({COLUMNS}{MORE})",
    body=READ.format(
        more=""", m.seen_at, t.needs_second_factor, EXISTS (
            SELECT FROM mfa_authenticator a
            WHERE a.user_id = p_user AND a.type IN ('totp', 'webauthn'))"""
    ),
)


class Migration(migrations.Migration):
    dependencies = [("tenants", "0004_people"), ("mfa", "0003_authenticator_type_uniq")]

    operations = [
        wall("tenants_invitation", app="SELECT, INSERT, UPDATE"),
        composite_reference("tenants_invitation", "client_id", "tenants_client"),
        dispatch_sees(
            "tenants_invitation",
            "tenant_id, expires_at, accepted_at, revoked_at, mailed_at, mail_tried_at",
        ),
        migrations.RunSQL(BEFORE.reverse_sql, BEFORE.sql),
        AFTER,
        definer_function(
            "invitation_lookup(p_digest bytea)",
            returns="TABLE (id int, tenant_id int, slug varchar, name varchar, email varchar, role varchar,"
            " client_name varchar, invited_by varchar, expires_at timestamptz, accepted_at timestamptz,"
            " revoked_at timestamptz)",
            body="""
                SELECT i.id, i.tenant_id, t.slug, t.name, i.email, i.role, coalesce(c.name, ''),
                    i.invited_by_label, i.expires_at, i.accepted_at, i.revoked_at
                FROM tenants_invitation i
                JOIN tenants_tenant t ON t.id = i.tenant_id
                LEFT JOIN tenants_client c ON c.tenant_id = i.tenant_id AND c.id = i.client_id
                WHERE i.digest = p_digest
            """,
        ),
        definer_function(
            "visit(p_user int, p_slug varchar, p_now timestamptz)",
            returns=f"TABLE ({COLUMNS}{MORE})",
            language="sql VOLATILE",
            body="""
                WITH noted AS (
                    UPDATE tenants_membership m SET seen_at = p_now FROM tenants_tenant t
                    WHERE t.slug = p_slug AND m.tenant_id = t.id AND m.user_id = p_user
                      AND (m.seen_at IS NULL OR m.seen_at < p_now - interval '10 minutes'))
                SELECT * FROM memberships_of(p_user)
            """,
        ),
    ]
