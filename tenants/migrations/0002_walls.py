"""Roles, row-level security and the two functions that may look across tenants."""

from django.db import migrations

from tenants.walls import (
    composite_reference,
    create_roles,
    definer_function,
    dispatch_sees,
    wall,
)


class Migration(migrations.Migration):
    dependencies = [("tenants", "0001_initial")]

    operations = [
        create_roles(),
        wall("tenants_tenant", tenant="id", app="SELECT, INSERT, UPDATE"),
        migrations.RunSQL(
            "GRANT USAGE ON SEQUENCE tenants_tenant_id_seq TO costtrack_app;"
            "GRANT SELECT ON tenants_tenant TO costtrack_viewer",
            "REVOKE ALL ON SEQUENCE tenants_tenant_id_seq FROM costtrack_app",
        ),
        dispatch_sees("tenants_tenant", "id, slug, timezone"),
        wall("tenants_client", client="id", app="SELECT, INSERT, UPDATE"),
        wall("tenants_project", client="client_id", app="SELECT, INSERT, UPDATE"),
        wall("tenants_membership"),
        wall("tenants_apikey", app="SELECT, INSERT, UPDATE"),
        wall("tenants_auditentry", app="SELECT, INSERT"),
        composite_reference("tenants_project", "client_id", "tenants_client"),
        composite_reference("tenants_membership", "client_id", "tenants_client"),
        composite_reference("tenants_apikey", "project_id", "tenants_project"),
        definer_function(
            "api_key_lookup(p_digest bytea, p_now timestamptz)",
            returns="TABLE (id int, tenant_id int, scopes varchar[], project varchar, prefix varchar,"
            " last_used_at timestamptz)",
            body="""
                SELECT k.id, k.tenant_id, k.scopes, coalesce(p.slug, ''), k.prefix, k.last_used_at
                FROM tenants_apikey k
                LEFT JOIN tenants_project p ON p.tenant_id = k.tenant_id AND p.id = k.project_id
                WHERE k.digest = p_digest AND k.revoked_at IS NULL
                  AND (k.expires_at IS NULL OR k.expires_at > p_now)
            """,
        ),
        definer_function(
            "memberships_of(p_user int)",
            returns="TABLE (tenant_id int, slug varchar, name varchar, timezone varchar, role varchar,"
            " client_id int, client_slug varchar, client_name varchar)",
            body="""
                SELECT t.id, t.slug, t.name, t.timezone, m.role, c.id, c.slug, c.name
                FROM tenants_membership m
                JOIN tenants_tenant t ON t.id = m.tenant_id
                LEFT JOIN tenants_client c ON c.tenant_id = m.tenant_id AND c.id = m.client_id
                WHERE m.user_id = p_user
            """,
        ),
    ]
