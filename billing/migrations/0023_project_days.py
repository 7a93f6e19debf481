"""What a project cost on a day, kept beside the daily rollup: a sum over everything reads a row per project."""

from django.db import migrations, models

from tenants.walls import wall

FILL = """
INSERT INTO billing_projectday (tenant_id, day, client_id, project_id, cost, unpriced)
SELECT tenant_id, day, client_id, project_id,
    sum(cost_input + cost_cache_write_5m + cost_cache_write_1h + cost_cache_read + cost_output + cost_web_search),
    coalesce(sum(events) FILTER (WHERE NOT priced), 0)
FROM billing_dailyspend GROUP BY tenant_id, day, client_id, project_id;
ALTER TABLE billing_projectday SET (fillfactor = 80);
"""


class Migration(migrations.Migration):
    dependencies = [("billing", "0022_split_functions")]

    operations = [
        migrations.CreateModel(
            name="ProjectDay",
            fields=[
                ("tenant_id", models.IntegerField()),
                ("day", models.DateField()),
                ("client_id", models.IntegerField()),
                ("project_id", models.IntegerField()),
                ("cost", models.DecimalField(decimal_places=18, max_digits=38)),
                ("unpriced", models.BigIntegerField()),
                ("pk", models.CompositePrimaryKey("tenant_id", "day", "client_id", "project_id", blank=True, editable=False, primary_key=True, serialize=False)),
            ],
            options={"abstract": False, "base_manager_name": "objects"},
        ),
        wall("billing_projectday", client="client_id"),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
    ]
