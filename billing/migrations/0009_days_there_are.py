"""Days that have spend already are to be proved like every day that changes."""

from django.db import migrations

FILL = """
INSERT INTO billing_spendday (tenant_id, day, changed_at, differences)
SELECT DISTINCT tenant_id, day, now(), 0 FROM billing_dailyspend
ON CONFLICT DO NOTHING
"""


class Migration(migrations.Migration):

    dependencies = [
        ('billing', '0008_proof'),
    ]

    operations = [migrations.RunSQL(FILL, migrations.RunSQL.noop)]
