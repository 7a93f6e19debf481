"""What another list of prices asks, and where the book differs. Of no tenant: served to read, written by the comparison."""

import django.contrib.postgres.fields
from django.db import migrations, models


GRANTS = """
GRANT SELECT ON billing_listedprice, billing_bookdifference TO costtrack_app;
GRANT SELECT, INSERT, DELETE ON billing_listedprice TO costtrack_dispatch;
GRANT SELECT, INSERT, UPDATE, DELETE ON billing_bookdifference TO costtrack_dispatch;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('billing', '0011_tenant_prices'),
    ]

    operations = [
        migrations.CreateModel(
            name='BookDifference',
            fields=[
                ('id', models.AutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('provider', models.CharField(max_length=60)),
                ('model', models.CharField(max_length=200)),
                ('what', models.CharField(max_length=20)),
                ('speed', models.CharField(max_length=20)),
                ('over_prompt_tokens', models.BigIntegerField()),
                ('ours', models.TextField()),
                ('theirs', models.TextField()),
                ('reason', models.TextField()),
                ('version', models.CharField(max_length=60)),
                ('first_seen_at', models.DateTimeField()),
                ('last_seen_at', models.DateTimeField()),
            ],
            options={
                'ordering': ['reason', 'provider', 'model', 'over_prompt_tokens', 'what'],
                'constraints': [models.UniqueConstraint(fields=('provider', 'model', 'what', 'speed', 'over_prompt_tokens', 'ours', 'theirs'), name='difference_once')],
            },
        ),
        migrations.CreateModel(
            name='ListedPrice',
            fields=[
                ('id', models.AutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('provider', models.CharField(max_length=60)),
                ('model', models.CharField(max_length=200)),
                ('speed', models.CharField(max_length=20)),
                ('over_prompt_tokens', models.BigIntegerField()),
                ('since', models.DateField(null=True)),
                ('until', models.DateField(null=True)),
                ('input', models.DecimalField(decimal_places=6, max_digits=17, null=True)),
                ('cache_write_5m', models.DecimalField(decimal_places=6, max_digits=17, null=True)),
                ('cache_write_1h', models.DecimalField(decimal_places=6, max_digits=17, null=True)),
                ('cache_read', models.DecimalField(decimal_places=6, max_digits=17, null=True)),
                ('output', models.DecimalField(decimal_places=6, max_digits=17, null=True)),
                ('web_search', models.DecimalField(decimal_places=6, max_digits=17, null=True)),
                ('batch_multiplier', models.DecimalField(decimal_places=3, max_digits=7, null=True)),
                ('names', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=200), size=None)),
                ('not_mapped', django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), size=None)),
                ('version', models.CharField(max_length=60)),
                ('checked_on', models.DateField()),
            ],
            options={
                'ordering': ['provider', 'model', 'speed', 'over_prompt_tokens'],
                'constraints': [models.UniqueConstraint(fields=('provider', 'model', 'speed', 'over_prompt_tokens'), name='listed_once')],
            },
        ),
        migrations.RunSQL(GRANTS, migrations.RunSQL.noop),
    ]
