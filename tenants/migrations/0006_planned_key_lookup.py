"""The key lookup as PL/pgSQL: each session keeps its plan, where a SQL function is planned at every call."""

from django.db import migrations

from tenants.walls import SEARCH_PATH

SIGNATURE = """api_key_lookup(p_digest bytea, p_now timestamptz)
RETURNS TABLE (id int, tenant_id int, scopes varchar[], project varchar, prefix varchar, last_used_at timestamptz)"""
QUERY = """
    SELECT k.id, k.tenant_id, k.scopes, coalesce(p.slug, ''), k.prefix, k.last_used_at
    FROM tenants_apikey k
    LEFT JOIN tenants_project p ON p.tenant_id = k.tenant_id AND p.id = k.project_id
    WHERE k.digest = p_digest AND k.revoked_at IS NULL
      AND (k.expires_at IS NULL OR k.expires_at > p_now)
"""


def replace(language: str, body: str) -> str:
    return (
        f"CREATE OR REPLACE FUNCTION {SIGNATURE} LANGUAGE {language} STABLE SECURITY DEFINER"
        f" SET search_path = {SEARCH_PATH} AS $$ {body} $$"
    )


class Migration(migrations.Migration):
    dependencies = [("tenants", "0005_people_walls")]

    operations = [
        migrations.RunSQL(
            replace(
                "plpgsql", f"#variable_conflict use_column\nBEGIN RETURN QUERY {QUERY}; END"
            ),
            replace("sql", QUERY),
        )
    ]
