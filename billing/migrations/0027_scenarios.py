"""Scenarios: what a company supposes of days to come."""

import django.db.models.functions.datetime
from django.db import migrations, models
from django.db.models import Q

from tenants.walls import wall


class Migration(migrations.Migration):

    dependencies = [
        ('billing', '0026_take_in'),
    ]

    operations = [
        migrations.CreateModel(
            name='Scenario',
            fields=[
                ('id', models.AutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('tenant_id', models.IntegerField()),
                ('name', models.TextField()),
                ('terms', models.JSONField()),
                ('made_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('made_by', models.TextField()),
                ('changed_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('changed_by', models.TextField()),
                ('archived_at', models.DateTimeField(null=True)),
            ],
            options={
                'ordering': ['name'],
                'abstract': False,
                'base_manager_name': 'objects',
                'constraints': [models.UniqueConstraint(condition=Q(archived_at=None), fields=('tenant_id', 'name'), name='scenario_name_once')],
            },
        ),
        wall("billing_scenario", app="INSERT, SELECT, UPDATE"),
    ]
