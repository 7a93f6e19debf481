"""The function that makes partitions looks in pg_temp last, like every function that runs as the owner."""

from django.db import migrations

from tenants.walls import temporary_tables_last


class Migration(migrations.Migration):
    dependencies = [("billing", "0004_first_prices"), ("tenants", "0003_definer_search_path")]

    operations = [temporary_tables_last("make_event_partitions(date)")]
