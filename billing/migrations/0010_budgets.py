"""Budgets with their versions, and alerts. What a version or an alert may say is checked here as well."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from tenants.walls import composite_reference, dispatch_sees, wall

TERMS = """
ALTER TABLE {table}
    ADD CONSTRAINT {table}_amount CHECK (amount > 0),
    ADD CONSTRAINT {table}_period CHECK (
        (period IN ('day', 'week', 'month', 'quarter')) = (since IS NULL AND until IS NULL)
        AND (period = 'fixed') = ((since < until) IS TRUE)),
    ADD CONSTRAINT {table}_starts_on CHECK (
        starts_on BETWEEN 1 AND CASE period WHEN 'week' THEN 7 WHEN 'month' THEN 31 ELSE 1 END),
    ADD CONSTRAINT {table}_basis CHECK (basis IN ('cost', 'billed')),
    ADD CONSTRAINT {table}_thresholds CHECK (
        cardinality(thresholds) BETWEEN 1 AND 10 AND 0 < ALL (thresholds) AND 1000 >= ALL (thresholds)
        AND cardinality(forecast_thresholds) <= 10
        AND 0 < ALL (forecast_thresholds) AND 1000 >= ALL (forecast_thresholds)),
    ADD CONSTRAINT {table}_escalate CHECK (escalate_after_hours > 0)
"""


def checked(table: str) -> migrations.RunSQL:
    return migrations.RunSQL(TERMS.format(table=table), migrations.RunSQL.noop)


class Migration(migrations.Migration):

    dependencies = [
        ('billing', '0009_channels'),
        ('tenants', '0002_walls'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Budget',
            fields=[
                ('id', models.AutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('amount', models.DecimalField(decimal_places=18, max_digits=38)),
                ('period', models.CharField(choices=[('day', 'day'), ('week', 'week'), ('month', 'month'), ('quarter', 'quarter'), ('fixed', 'fixed')], max_length=10)),
                ('starts_on', models.SmallIntegerField(default=1)),
                ('since', models.DateField(blank=True, null=True)),
                ('until', models.DateField(blank=True, null=True)),
                ('basis', models.CharField(choices=[('cost', 'what it costs'), ('billed', 'what the client is billed')], default='cost', max_length=10)),
                ('thresholds', django.contrib.postgres.fields.ArrayField(base_field=models.IntegerField(), size=None)),
                ('forecast_thresholds', django.contrib.postgres.fields.ArrayField(base_field=models.IntegerField(), size=None)),
                ('escalate_after_hours', models.IntegerField(blank=True, null=True)),
                ('hard', models.BooleanField(default=False)),
                ('name', models.CharField(max_length=120)),
                ('model', models.TextField(default='')),
                ('feature', models.TextField(default='')),
                ('environment', models.TextField(default='')),
                ('version', models.IntegerField(default=1)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('archived_at', models.DateTimeField(null=True)),
                ('client', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.client')),
                ('deputy', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('owner', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('project', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.project')),
                ('shared_with', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.client')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.tenant')),
            ],
            options={
                'ordering': ['name', 'id'],
                'abstract': False,
                'base_manager_name': 'objects',
            },
        ),
        migrations.CreateModel(
            name='Alert',
            fields=[
                ('id', models.AutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('version', models.IntegerField(default=0)),
                ('kind', models.CharField(choices=[('spent', 'used'), ('forecast', 'forecast'), ('late', 'crossed after its end'), ('undone', 'no longer reached'), ('spike', 'spike'), ('silence', 'silence'), ('unpriced', 'model without a price'), ('new_model', 'new model')], max_length=10)),
                ('since', models.DateField()),
                ('until', models.DateField()),
                ('threshold', models.IntegerField(default=0)),
                ('subject', models.TextField(default='')),
                ('spent', models.DecimalField(decimal_places=18, max_digits=38)),
                ('amount', models.DecimalField(decimal_places=18, max_digits=38)),
                ('headline', models.TextField()),
                ('made_at', models.DateTimeField()),
                ('acknowledged_at', models.DateTimeField(null=True)),
                ('acknowledged_label', models.CharField(default='', max_length=254)),
                ('note', models.TextField(default='')),
                ('snoozed_until', models.DateTimeField(null=True)),
                ('escalate_at', models.DateTimeField(null=True)),
                ('escalated_at', models.DateTimeField(null=True)),
                ('acknowledged_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.tenant')),
                ('budget', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='alerts', to='billing.budget')),
            ],
            options={
                'ordering': ['-id'],
                'abstract': False,
                'base_manager_name': 'objects',
            },
        ),
        migrations.CreateModel(
            name='BudgetChannel',
            fields=[
                ('id', models.AutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('budget', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='billing.budget')),
                ('channel', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='billing.channel')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.tenant')),
            ],
            options={
                'abstract': False,
                'base_manager_name': 'objects',
            },
        ),
        migrations.CreateModel(
            name='BudgetVersion',
            fields=[
                ('id', models.AutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('amount', models.DecimalField(decimal_places=18, max_digits=38)),
                ('period', models.CharField(choices=[('day', 'day'), ('week', 'week'), ('month', 'month'), ('quarter', 'quarter'), ('fixed', 'fixed')], max_length=10)),
                ('starts_on', models.SmallIntegerField(default=1)),
                ('since', models.DateField(blank=True, null=True)),
                ('until', models.DateField(blank=True, null=True)),
                ('basis', models.CharField(choices=[('cost', 'what it costs'), ('billed', 'what the client is billed')], default='cost', max_length=10)),
                ('thresholds', django.contrib.postgres.fields.ArrayField(base_field=models.IntegerField(), size=None)),
                ('forecast_thresholds', django.contrib.postgres.fields.ArrayField(base_field=models.IntegerField(), size=None)),
                ('escalate_after_hours', models.IntegerField(blank=True, null=True)),
                ('hard', models.BooleanField(default=False)),
                ('number', models.IntegerField()),
                ('made_at', models.DateTimeField()),
                ('made_label', models.CharField(max_length=254)),
                ('budget', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name='versions', to='billing.budget')),
                ('deputy', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('made_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('owner', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.tenant')),
            ],
            options={
                'ordering': ['-number'],
                'abstract': False,
                'base_manager_name': 'objects',
            },
        ),
        migrations.AddConstraint(
            model_name='budget',
            constraint=models.UniqueConstraint(fields=('tenant', 'id'), name='budget_in_tenant'),
        ),
        migrations.AddConstraint(
            model_name='budget',
            constraint=models.UniqueConstraint(condition=models.Q(('archived_at', None)), fields=('tenant', 'name'), name='budget_name_once'),
        ),
        migrations.AddConstraint(
            model_name='budget',
            constraint=models.CheckConstraint(condition=models.Q(('shared_with', None), models.Q(('client__isnull', False), ('shared_with', models.F('client'))), _connector='OR'), name='budget_shared_with_its_client'),
        ),
        migrations.AddConstraint(
            model_name='budget',
            constraint=models.CheckConstraint(condition=models.Q(('project', None), ('client__isnull', False), _connector='OR'), name='budget_project_has_client'),
        ),
        migrations.AddIndex(
            model_name='alert',
            index=models.Index(condition=models.Q(('acknowledged_at', None)), fields=['tenant', 'id'], name='alert_open'),
        ),
        migrations.AddConstraint(
            model_name='alert',
            constraint=models.UniqueConstraint(fields=('tenant', 'id'), name='alert_in_tenant'),
        ),
        migrations.AddConstraint(
            model_name='alert',
            constraint=models.UniqueConstraint(fields=('tenant', 'budget', 'version', 'since', 'threshold', 'kind', 'subject'), name='alert_once', nulls_distinct=False),
        ),
        migrations.AddConstraint(
            model_name='budgetchannel',
            constraint=models.UniqueConstraint(fields=('tenant', 'budget', 'channel'), name='budget_channel_once'),
        ),
        migrations.AddConstraint(
            model_name='budgetversion',
            constraint=models.UniqueConstraint(fields=('tenant', 'budget', 'number'), name='budget_version_once'),
        ),
        checked("billing_budget"),
        checked("billing_budgetversion"),
        wall("billing_budget", client="shared_with_id", app="SELECT, INSERT, UPDATE"),
        wall("billing_budgetversion", app="SELECT, INSERT"),
        wall("billing_budgetchannel", app="SELECT, INSERT, DELETE"),
        wall("billing_alert", app="SELECT, INSERT, UPDATE"),
        composite_reference("billing_budget", "client_id", "tenants_client"),
        composite_reference("billing_budget", "project_id", "tenants_project"),
        composite_reference("billing_budget", "shared_with_id", "tenants_client"),
        composite_reference("billing_budgetversion", "budget_id", "billing_budget"),
        composite_reference("billing_budgetchannel", "budget_id", "billing_budget"),
        composite_reference("billing_budgetchannel", "channel_id", "billing_channel"),
        composite_reference("billing_alert", "budget_id", "billing_budget"),
        dispatch_sees("billing_budget", "tenant_id, archived_at"),
    ]
