"""Functions that run as the owner look in pg_temp last, so no temporary table can stand in for a real one."""

from django.db import migrations

from tenants.walls import temporary_tables_last


class Migration(migrations.Migration):
    dependencies = [("tenants", "0002_walls")]

    operations = [
        temporary_tables_last("api_key_lookup(bytea, timestamptz)"),
        temporary_tables_last("memberships_of(int)"),
    ]
