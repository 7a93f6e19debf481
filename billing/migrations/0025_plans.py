"""Plans of projects: versions that are added and never edited."""

import django.contrib.postgres.fields
import django.db.models.functions.datetime
from django.db import migrations, models

from tenants.walls import composite_reference, wall


class Migration(migrations.Migration):

    dependencies = [
        ('billing', '0024_insights'),
    ]

    operations = [
        migrations.CreateModel(
            name='ProjectPlan',
            fields=[
                ('id', models.AutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('tenant_id', models.IntegerField()),
                ('project_id', models.IntegerField()),
                ('number', models.IntegerField()),
                ('model_names', django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), size=None)),
                ('settings', models.JSONField()),
                ('made_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('made_by', models.TextField()),
            ],
            options={
                'ordering': ['-number'],
                'abstract': False,
                'base_manager_name': 'objects',
                'constraints': [models.UniqueConstraint(fields=('tenant_id', 'project_id', 'number'), name='plan_version_once')],
            },
        ),
        composite_reference("billing_projectplan", "project_id", "tenants_project"),
        wall("billing_projectplan", app="SELECT, INSERT"),
    ]
