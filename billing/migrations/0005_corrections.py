"""Corrections stand beside the ledger; like it, they can only be added."""

from django.db import migrations, models

from tenants.walls import wall


class Migration(migrations.Migration):

    dependencies = [
        ('billing', '0004_first_prices'),
    ]

    operations = [
        migrations.CreateModel(
            name='EventCorrection',
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
                ('pk', models.CompositePrimaryKey('tenant_id', 'occurred_at', 'key', 'number', blank=True, editable=False, primary_key=True, serialize=False)),
                ('occurred_at', models.DateTimeField()),
                ('made_at', models.DateTimeField()),
                ('key', models.UUIDField()),
                ('tenant_id', models.IntegerField()),
                ('client_id', models.IntegerField()),
                ('number', models.IntegerField()),
                ('events', models.IntegerField()),
                ('price_id', models.IntegerField(null=True)),
                ('kind', models.TextField(choices=[('void', 'Void')])),
                ('variant', models.TextField()),
                ('reason', models.TextField()),
                ('actor_label', models.TextField()),
            ],
            options={
                'abstract': False,
                'base_manager_name': 'objects',
            },
        ),
        wall("billing_eventcorrection", client="client_id", app="SELECT, INSERT"),
    ]
