"""What a tenant agreed on, what it bills, and the discount as a measure of its own."""

from decimal import Decimal
from django.db import migrations, models

from tenants.walls import wall


# As for the list (migration 0003): a row's identity is a one-point range of its 64-bit hash.
def no_overlap(table, name, *columns):
    words = " || chr(31) || ".join(f"{column}::text" for column in ("tenant_id", *columns))
    point = f"hashtextextended({words}, 0)"
    return migrations.RunSQL(
        f"""ALTER TABLE {table} ADD CONSTRAINT {name} EXCLUDE USING gist (
            int8range({point}, {point}, '[]') WITH &&, daterange(since, until) WITH &&)""",
        f"ALTER TABLE {table} DROP CONSTRAINT {name}",
    )


APPEND_ONLY = "SELECT, INSERT, UPDATE (until, closed_at, closed_by)"


class Migration(migrations.Migration):

    dependencies = [
        ('billing', '0010_budgets'),
    ]

    operations = [
        migrations.AddField(
            model_name='dailyspend',
            name='discount',
            field=models.DecimalField(db_default=Decimal('0'), decimal_places=18, default=Decimal('0'), max_digits=38),
        ),
        migrations.AddField(
            model_name='eventcorrection',
            name='discount',
            field=models.DecimalField(db_default=Decimal('0'), decimal_places=18, default=Decimal('0'), max_digits=38),
        ),
        migrations.AddField(
            model_name='hourlyspend',
            name='discount',
            field=models.DecimalField(db_default=Decimal('0'), decimal_places=18, default=Decimal('0'), max_digits=38),
        ),
        migrations.AddField(
            model_name='pricerow',
            name='added_by',
            field=models.TextField(default=''),
        ),
        migrations.AddField(
            model_name='pricerow',
            name='closed_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='pricerow',
            name='closed_by',
            field=models.TextField(default=''),
        ),
        migrations.AddField(
            model_name='spendentry',
            name='discount',
            field=models.DecimalField(db_default=Decimal('0'), decimal_places=18, default=Decimal('0'), max_digits=38),
        ),
        migrations.AddField(
            model_name='usageevent',
            name='discount',
            field=models.DecimalField(db_default=Decimal('0'), decimal_places=18, default=Decimal('0'), max_digits=38),
        ),
        migrations.AlterField(
            model_name='pricerow',
            name='note',
            field=models.TextField(blank=True, default=''),
        ),
        migrations.CreateModel(
            name='AgreedPrice',
            fields=[
                ('id', models.AutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('since', models.DateField(null=True)),
                ('until', models.DateField(null=True)),
                ('note', models.TextField(blank=True, default='')),
                ('added_at', models.DateTimeField(auto_now_add=True)),
                ('added_by', models.TextField(default='')),
                ('closed_at', models.DateTimeField(null=True)),
                ('closed_by', models.TextField(default='')),
                ('provider', models.CharField(max_length=60)),
                ('model', models.CharField(max_length=200)),
                ('speed', models.CharField(default='standard', max_length=20)),
                ('over_prompt_tokens', models.BigIntegerField(default=0)),
                ('input', models.DecimalField(decimal_places=6, max_digits=17)),
                ('cache_write_5m', models.DecimalField(decimal_places=6, max_digits=17)),
                ('cache_write_1h', models.DecimalField(decimal_places=6, max_digits=17)),
                ('cache_read', models.DecimalField(decimal_places=6, max_digits=17)),
                ('output', models.DecimalField(decimal_places=6, max_digits=17)),
                ('web_search', models.DecimalField(decimal_places=6, max_digits=17)),
                ('batch_multiplier', models.DecimalField(decimal_places=3, max_digits=7, null=True)),
                ('us_multiplier', models.DecimalField(decimal_places=3, max_digits=7, null=True)),
                ('source', models.TextField()),
                ('checked_on', models.DateField()),
                ('tenant_id', models.IntegerField()),
            ],
            options={
                'ordering': ['provider', 'model', 'speed', 'over_prompt_tokens', 'since'],
                'abstract': False,
                'base_manager_name': 'objects',
                'constraints': [models.CheckConstraint(condition=models.Q(('since', None), ('until', None), ('since__lt', models.F('until')), _connector='OR'), name='agreed_span_not_empty'), models.CheckConstraint(condition=models.Q(('input__gte', 0), ('cache_write_5m__gte', 0), ('cache_write_1h__gte', 0), ('cache_read__gte', 0), ('output__gte', 0), ('web_search__gte', 0), ('over_prompt_tokens__gte', 0)), name='agreed_not_negative'), models.CheckConstraint(condition=models.Q(('id__gt', 1000000)), name='agreed_id_above_list')],
            },
        ),
        migrations.CreateModel(
            name='Discount',
            fields=[
                ('id', models.AutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('since', models.DateField(null=True)),
                ('until', models.DateField(null=True)),
                ('note', models.TextField(blank=True, default='')),
                ('added_at', models.DateTimeField(auto_now_add=True)),
                ('added_by', models.TextField(default='')),
                ('closed_at', models.DateTimeField(null=True)),
                ('closed_by', models.TextField(default='')),
                ('tenant_id', models.IntegerField()),
                ('provider', models.CharField(max_length=60)),
                ('model', models.CharField(blank=True, default='', max_length=200)),
                ('percent', models.DecimalField(decimal_places=2, max_digits=5)),
            ],
            options={
                'ordering': ['provider', 'model', 'since'],
                'abstract': False,
                'base_manager_name': 'objects',
                'constraints': [models.CheckConstraint(condition=models.Q(('since', None), ('until', None), ('since__lt', models.F('until')), _connector='OR'), name='discount_span_not_empty'), models.CheckConstraint(condition=models.Q(('percent__gt', 0), ('percent__lte', 100)), name='discount_is_per_cent', violation_error_message='A discount is more than 0 and at most 100 per cent.')],
            },
        ),
        migrations.CreateModel(
            name='Markup',
            fields=[
                ('id', models.AutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('since', models.DateField(null=True)),
                ('until', models.DateField(null=True)),
                ('note', models.TextField(blank=True, default='')),
                ('added_at', models.DateTimeField(auto_now_add=True)),
                ('added_by', models.TextField(default='')),
                ('closed_at', models.DateTimeField(null=True)),
                ('closed_by', models.TextField(default='')),
                ('tenant_id', models.IntegerField()),
                ('client_id', models.IntegerField()),
                ('percent', models.DecimalField(decimal_places=2, max_digits=6)),
            ],
            options={
                'ordering': ['client_id', 'since'],
                'abstract': False,
                'base_manager_name': 'objects',
                'constraints': [models.CheckConstraint(condition=models.Q(('since', None), ('until', None), ('since__lt', models.F('until')), _connector='OR'), name='markup_span_not_empty'), models.CheckConstraint(condition=models.Q(('percent__gte', -100), ('percent__lte', 1000)), name='markup_is_per_cent', violation_error_message='A mark-up is from -100 to 1,000 per cent.')],
            },
        ),
        migrations.RunSQL(
            "ALTER TABLE billing_agreedprice ALTER COLUMN id RESTART WITH 1000001",
            migrations.RunSQL.noop,
        ),
        no_overlap("billing_agreedprice", "agreed_spans_apart", "provider", "model", "speed", "over_prompt_tokens"),
        no_overlap("billing_discount", "discount_spans_apart", "provider", "model"),
        no_overlap("billing_markup", "markup_spans_apart", "client_id"),
        wall("billing_agreedprice", app=APPEND_ONLY),
        wall("billing_discount", app=APPEND_ONLY),
        wall("billing_markup", client="client_id", app=APPEND_ONLY),
    ]
