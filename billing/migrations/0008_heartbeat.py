"""Signs of life of the tasks that run by the clock. Of no tenant: whoever serves may write and read them."""

from django.db import migrations, models

GRANTS = """
GRANT SELECT, INSERT, UPDATE ON billing_heartbeat TO costtrack_app;
GRANT SELECT ON billing_heartbeat TO costtrack_dispatch;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('billing', '0007_proof'),
    ]

    operations = [
        migrations.CreateModel(
            name='Heartbeat',
            fields=[
                ('name', models.CharField(max_length=20, primary_key=True, serialize=False)),
                ('at', models.DateTimeField()),
            ],
        ),
        migrations.RunSQL(GRANTS, migrations.RunSQL.noop),
    ]
