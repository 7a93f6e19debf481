"""What prompt components count: beside each journal row, and per day."""

from django.db import migrations, models

from tenants.walls import wall


class Migration(migrations.Migration):

    dependencies = [
        ('billing', '0020_days_of_a_client'),
    ]

    operations = [
        migrations.AddField(
            model_name='spendentry',
            name='split',
            field=models.JSONField(null=True),
        ),
        migrations.CreateModel(
            name='ComponentSpend',
            fields=[
                ('tokens_input', models.BigIntegerField()),
                ('tokens_cache_write_5m', models.BigIntegerField()),
                ('tokens_cache_write_1h', models.BigIntegerField()),
                ('tokens_cache_read', models.BigIntegerField()),
                ('tokens_output', models.BigIntegerField()),
                ('tokens_web_search', models.BigIntegerField()),
                ('cost_input', models.DecimalField(decimal_places=18, max_digits=38)),
                ('cost_cache_write_5m', models.DecimalField(decimal_places=18, max_digits=38)),
                ('cost_cache_write_1h', models.DecimalField(decimal_places=18, max_digits=38)),
                ('cost_cache_read', models.DecimalField(decimal_places=18, max_digits=38)),
                ('cost_output', models.DecimalField(decimal_places=18, max_digits=38)),
                ('cost_web_search', models.DecimalField(decimal_places=18, max_digits=38)),
                ('cost_uncached', models.DecimalField(decimal_places=18, max_digits=38)),
                ('tenant_id', models.IntegerField()),
                ('day', models.DateField()),
                ('client_id', models.IntegerField()),
                ('project_id', models.IntegerField()),
                ('api_key_id', models.IntegerField()),
                ('priced', models.BooleanField()),
                ('provider', models.TextField()),
                ('model', models.TextField()),
                ('variant', models.TextField()),
                ('feature', models.TextField()),
                ('environment', models.TextField()),
                ('events', models.BigIntegerField()),
                ('pk', models.CompositePrimaryKey('tenant_id', 'day', 'client_id', 'project_id', 'component', 'api_key_id', 'priced', 'provider', 'model', 'variant', 'feature', 'environment', blank=True, editable=False, primary_key=True, serialize=False)),
                ('component', models.TextField()),
            ],
            options={
                'abstract': False,
                'base_manager_name': 'objects',
                'indexes': [models.Index(fields=['tenant_id', 'client_id', 'day'], name='componentspend_of_client'), models.Index(fields=['tenant_id', 'project_id', 'day'], name='componentspend_of_project')],
            },
        ),
        migrations.RunSQL(
            "ALTER TABLE billing_componentspend SET (fillfactor = 80)", migrations.RunSQL.noop
        ),
        wall("billing_componentspend", client="client_id"),
    ]
