"""Alarms that a company has switched or given another floor."""

import django.db.models.deletion
from django.db import migrations, models

from tenants.walls import wall


class Migration(migrations.Migration):

    dependencies = [
        ('billing', '0016_repricing'),
        ('tenants', '0003_price_view'),
    ]

    operations = [
        migrations.CreateModel(
            name='Alarm',
            fields=[
                ('id', models.AutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('spent', 'used'), ('forecast', 'forecast'), ('late', 'crossed after its end'), ('undone', 'no longer reached'), ('spike', 'spike'), ('silence', 'silence'), ('unpriced', 'model without a price'), ('new_model', 'new model')], max_length=10)),
                ('is_on', models.BooleanField()),
                ('floor', models.DecimalField(decimal_places=18, max_digits=38)),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.tenant')),
            ],
            options={
                'abstract': False,
                'base_manager_name': 'objects',
                'constraints': [models.UniqueConstraint(fields=('tenant', 'kind'), name='alarm_once'), models.CheckConstraint(condition=models.Q(('floor__gte', 0)), name='alarm_floor')],
            },
        ),
        wall("billing_alarm", app="SELECT, INSERT, UPDATE"),
    ]
