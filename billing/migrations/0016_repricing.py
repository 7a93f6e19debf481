"""Re-pricing: runs, what they change by day and client, and their steps beside the ledger."""

import django.contrib.postgres.fields
from django.db import migrations, models

from tenants.walls import composite_reference, dispatch_sees, wall


class Migration(migrations.Migration):

    dependencies = [
        ('billing', '0015_mail_that_waits'),
    ]

    operations = [
        migrations.CreateModel(
            name='RepricedDay',
            fields=[
                ('pk', models.CompositePrimaryKey('tenant_id', 'repricing_id', 'is_applied', 'day', 'client_id', blank=True, editable=False, primary_key=True, serialize=False)),
                ('tenant_id', models.IntegerField()),
                ('repricing_id', models.BigIntegerField()),
                ('client_id', models.IntegerField()),
                ('day', models.DateField()),
                ('is_applied', models.BooleanField()),
                ('events', models.BigIntegerField()),
                ('newly_priced', models.BigIntegerField()),
                ('newly_unpriced', models.BigIntegerField()),
                ('old_cost', models.DecimalField(decimal_places=18, max_digits=38)),
                ('new_cost', models.DecimalField(decimal_places=18, max_digits=38)),
            ],
            options={
                'abstract': False,
                'base_manager_name': 'objects',
            },
        ),
        migrations.AddField(
            model_name='eventcorrection',
            name='repricing_id',
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddField(
            model_name='eventcorrection',
            name='unpriced_reason',
            field=models.TextField(db_default='', default=''),
        ),
        migrations.AlterField(
            model_name='eventcorrection',
            name='kind',
            field=models.TextField(choices=[('void', 'Void'), ('reprice', 'Reprice')]),
        ),
        migrations.CreateModel(
            name='Repricing',
            fields=[
                ('id', models.AutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('tenant_id', models.IntegerField()),
                ('made_at', models.DateTimeField()),
                ('made_by', models.TextField()),
                ('reason', models.TextField()),
                ('since', models.DateField()),
                ('until', models.DateField()),
                ('starts_at', models.DateTimeField()),
                ('ends_at', models.DateTimeField()),
                ('only_models', django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), blank=True, default=list, size=None)),
                ('only_unpriced', models.BooleanField(default=False)),
                ('state', models.TextField(choices=[('counting', 'Counting'), ('ready', 'Ready'), ('applying', 'Applying'), ('done', 'Done'), ('cancelled', 'Cancelled'), ('stopped', 'Stopped')], default='counting')),
                ('stopped_because', models.TextField(default='')),
                ('book', models.TextField(default='')),
                ('expected', models.BigIntegerField()),
                ('seen', models.BigIntegerField(default=0)),
                ('last_at', models.DateTimeField(null=True)),
                ('last_key', models.UUIDField(null=True)),
                ('moved_at', models.DateTimeField()),
                ('applied_by', models.TextField(default='')),
                ('finished_at', models.DateTimeField(null=True)),
            ],
            options={
                'ordering': ['-id'],
                'abstract': False,
                'base_manager_name': 'objects',
                'constraints': [models.UniqueConstraint(fields=('tenant_id', 'id'), name='repricing_in_tenant')],
            },
        ),
        migrations.RunSQL(
            """ALTER TABLE billing_repricing ADD CONSTRAINT repricings_apart EXCLUDE USING gist (
                int8range(tenant_id, tenant_id, '[]') WITH &&, tstzrange(starts_at, ends_at) WITH &&)
                WHERE (state = 'applying')""",
            "ALTER TABLE billing_repricing DROP CONSTRAINT repricings_apart",
        ),
        wall("billing_repricing", app="SELECT, INSERT, UPDATE"),
        composite_reference("billing_repricedday", "repricing_id", "billing_repricing"),
        wall("billing_repricedday", app="SELECT, INSERT, UPDATE"),
        dispatch_sees("billing_repricing", "tenant_id, state"),
    ]
