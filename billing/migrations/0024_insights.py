"""What a night finds in the ledger: sums per day, breaks of the cache, tasks; and what people said to it."""

from django.db import migrations, models

from tenants.walls import wall


class Migration(migrations.Migration):

    dependencies = [
        ('billing', '0023_project_days'),
    ]

    operations = [
        migrations.CreateModel(
            name='CacheBreak',
            fields=[
                ('pk', models.CompositePrimaryKey('tenant_id', 'day', 'project_id', 'cause', 'occurred_at', 'key', blank=True, editable=False, primary_key=True, serialize=False)),
                ('tenant_id', models.IntegerField()),
                ('day', models.DateField()),
                ('project_id', models.IntegerField()),
                ('cause', models.TextField()),
                ('occurred_at', models.DateTimeField()),
                ('key', models.UUIDField()),
                ('model', models.TextField()),
                ('tokens', models.BigIntegerField()),
                ('wasted', models.DecimalField(decimal_places=18, max_digits=38)),
                ('gap_seconds', models.IntegerField()),
            ],
            options={
                'abstract': False,
                'base_manager_name': 'objects',
            },
        ),
        migrations.CreateModel(
            name='InsightDay',
            fields=[
                ('pk', models.CompositePrimaryKey('tenant_id', 'day', blank=True, editable=False, primary_key=True, serialize=False)),
                ('tenant_id', models.IntegerField()),
                ('day', models.DateField()),
                ('built_at', models.DateTimeField()),
            ],
            options={
                'abstract': False,
                'base_manager_name': 'objects',
            },
        ),
        migrations.CreateModel(
            name='InsightNote',
            fields=[
                ('pk', models.CompositePrimaryKey('tenant_id', 'insight', blank=True, editable=False, primary_key=True, serialize=False)),
                ('tenant_id', models.IntegerField()),
                ('insight', models.TextField()),
                ('state', models.TextField(choices=[('done', 'done'), ('dismissed', 'dismissed')])),
                ('noted_by', models.TextField()),
                ('noted_at', models.DateTimeField()),
            ],
            options={
                'abstract': False,
                'base_manager_name': 'objects',
            },
        ),
        migrations.CreateModel(
            name='InsightSum',
            fields=[
                ('pk', models.CompositePrimaryKey('tenant_id', 'day', 'project_id', 'kind', 'label', 'detail', blank=True, editable=False, primary_key=True, serialize=False)),
                ('tenant_id', models.IntegerField()),
                ('day', models.DateField()),
                ('project_id', models.IntegerField()),
                ('kind', models.TextField(choices=[('break', 'Break'), ('band', 'Band'), ('turn', 'Turn'), ('streamed', 'Streamed'), ('trim', 'Trim'), ('lifetime', 'Lifetime'), ('batch', 'Batch'), ('idle', 'Idle')])),
                ('label', models.TextField()),
                ('detail', models.TextField()),
                ('events', models.BigIntegerField()),
                ('tokens', models.BigIntegerField()),
                ('cost', models.DecimalField(decimal_places=18, max_digits=38)),
                ('saving', models.DecimalField(decimal_places=18, max_digits=38)),
            ],
            options={
                'abstract': False,
                'base_manager_name': 'objects',
            },
        ),
        migrations.CreateModel(
            name='Patient',
            fields=[
                ('pk', models.CompositePrimaryKey('tenant_id', 'dimension', 'value', blank=True, editable=False, primary_key=True, serialize=False)),
                ('tenant_id', models.IntegerField()),
                ('dimension', models.TextField(choices=[('environment', 'environment'), ('feature', 'feature')])),
                ('value', models.TextField()),
                ('marked_by', models.TextField()),
                ('marked_at', models.DateTimeField()),
            ],
            options={
                'abstract': False,
                'base_manager_name': 'objects',
            },
        ),
        migrations.CreateModel(
            name='TaskDay',
            fields=[
                ('pk', models.CompositePrimaryKey('tenant_id', 'day', 'project_id', 'task', blank=True, editable=False, primary_key=True, serialize=False)),
                ('tenant_id', models.IntegerField()),
                ('day', models.DateField()),
                ('project_id', models.IntegerField()),
                ('task', models.TextField()),
                ('turns', models.BigIntegerField()),
                ('unpriced', models.BigIntegerField()),
                ('tool_calls', models.BigIntegerField()),
                ('cost', models.DecimalField(decimal_places=18, max_digits=38)),
                ('first_cost', models.DecimalField(decimal_places=18, max_digits=38)),
            ],
            options={
                'abstract': False,
                'base_manager_name': 'objects',
            },
        ),
        wall("billing_cachebreak", app="DELETE, INSERT, SELECT"),
        wall("billing_insightsum", app="DELETE, INSERT, SELECT"),
        wall("billing_taskday", app="DELETE, INSERT, SELECT"),
        wall("billing_insightday", app="INSERT, SELECT, UPDATE"),
        wall("billing_insightnote", app="DELETE, INSERT, SELECT, UPDATE"),
        wall("billing_patient", app="DELETE, INSERT, SELECT"),
    ]
