"""Questions about past calls that take longer than a page, and their answers."""

from django.db import migrations, models

from tenants.walls import composite_reference, dispatch_sees, wall


class Migration(migrations.Migration):

    dependencies = [
        ('billing', '0027_scenarios'),
    ]

    operations = [
        migrations.CreateModel(
            name='WhatIfDay',
            fields=[
                ('pk', models.CompositePrimaryKey('tenant_id', 'run_id', 'day', 'client', blank=True, editable=False, primary_key=True, serialize=False)),
                ('tenant_id', models.IntegerField()),
                ('run_id', models.IntegerField()),
                ('day', models.DateField()),
                ('client', models.TextField()),
                ('events', models.BigIntegerField()),
                ('old', models.DecimalField(decimal_places=18, max_digits=38)),
                ('new', models.DecimalField(decimal_places=18, max_digits=38)),
            ],
            options={
                'abstract': False,
                'base_manager_name': 'objects',
            },
        ),
        migrations.CreateModel(
            name='WhatIfRun',
            fields=[
                ('id', models.AutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('tenant_id', models.IntegerField()),
                ('settings', models.JSONField()),
                ('client', models.TextField(default='')),
                ('project', models.TextField(default='')),
                ('since', models.DateField()),
                ('until', models.DateField()),
                ('next_day', models.DateField()),
                ('state', models.TextField(choices=[('running', 'Running'), ('stopped', 'Stopped'), ('done', 'Done'), ('failed', 'Failed')], default='running')),
                ('stopped_because', models.TextField(default='')),
                ('book', models.TextField(default='')),
                ('one_by_one', models.BigIntegerField(default=0)),
                ('unpriced_events', models.BigIntegerField(default=0)),
                ('left_out', models.JSONField(default=dict)),
                ('asked_at', models.DateTimeField()),
                ('asked_by', models.TextField()),
                ('moved_at', models.DateTimeField()),
            ],
            options={
                'ordering': ['-id'],
                'abstract': False,
                'base_manager_name': 'objects',
                'constraints': [models.UniqueConstraint(fields=('tenant_id', 'id'), name='what_if_in_tenant')],
            },
        ),
        composite_reference("billing_whatifday", "run_id", "billing_whatifrun"),
        wall("billing_whatifrun", app="INSERT, SELECT, UPDATE"),
        wall("billing_whatifday", app="INSERT, SELECT"),
        dispatch_sees("billing_whatifrun", "tenant_id, state"),
    ]
