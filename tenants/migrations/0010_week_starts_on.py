"""On which day a company's weeks begin; a membership says it, so that no page asks for it on its own."""

from django.db import migrations, models

from tenants.walls import definer_function

BEFORE = (
    "tenant_id int, slug varchar, name varchar, timezone varchar, role varchar,"
    " client_id int, client_slug varchar, client_name varchar,"
    " seen_at timestamptz, needs_second_factor bool, has_second_factor bool, logo varchar"
)
READ = """
    SELECT t.id, t.slug, t.name, t.timezone, m.role, c.id, c.slug, c.name,
        m.seen_at, t.needs_second_factor, EXISTS (
            SELECT FROM mfa_authenticator a
            WHERE a.user_id = p_user AND a.type IN ('totp', 'webauthn')),
        coalesce((
            SELECT l.digest FROM tenants_logo l WHERE l.tenant_id = t.id AND l.client_id IS NULL), ''){more}
    FROM tenants_membership m
    JOIN tenants_tenant t ON t.id = m.tenant_id
    LEFT JOIN tenants_client c ON c.tenant_id = m.tenant_id AND c.id = m.client_id
    WHERE m.user_id = p_user
"""
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
    dependencies = [("tenants", "0009_key_rotation")]

    operations = [
        migrations.AddField(
            model_name="tenant",
            name="week_starts_on",
            field=models.SmallIntegerField(default=1),
        ),
        migrations.AddConstraint(
            model_name="tenant",
            constraint=models.CheckConstraint(
                condition=models.Q(("week_starts_on__range", (1, 7))),
                name="tenant_week_starts_on_a_day",
            ),
        ),
        *(
            migrations.RunSQL(each.reverse_sql, each.sql)
            for each in reversed(functions(BEFORE, ""))
        ),
        *functions(f"{BEFORE}, week_starts_on smallint", ", t.week_starts_on"),
    ]
