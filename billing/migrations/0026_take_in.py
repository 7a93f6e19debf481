"""Ingest in one call: the desk is compared with what the caller remembers of it, and only then are rows stored."""

import importlib

from django.db import migrations

_DESK = importlib.import_module("billing.migrations.0019_store_functions").DESK

# Book and places are read once the share of the days is held: whatever had them to itself is committed then.
TAKE_IN = """
CREATE FUNCTION take_in(p_tenant int, p_slugs text[], p_desk text, p_rows json, p_described boolean)
RETURNS TABLE (desk text, known uuid[]) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(7201, p_tenant);
    SELECT json_build_object('version', price_book_version(p_tenant), 'places', coalesce(
        json_object_agg(slug, json_build_array(id, client_id) ORDER BY slug), '{}'))::text INTO desk
    FROM tenants_project WHERE tenant_id = p_tenant AND slug = ANY(p_slugs);
    IF desk = p_desk THEN
        desk := NULL;
        known := store_events(p_tenant, p_rows, p_described);
    END IF;
    RETURN NEXT;
END $$;
REVOKE ALL ON FUNCTION take_in(int, text[], text, json, boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION take_in(int, text[], text, json, boolean) TO costtrack_app;
"""
NOT_TAKE_IN = "DROP FUNCTION take_in(int, text[], text, json, boolean)"
NO_DESK = "DROP FUNCTION intake_desk(int, text[])"


class Migration(migrations.Migration):
    dependencies = [("billing", "0025_plans")]
    operations = [
        migrations.RunSQL(TAKE_IN, NOT_TAKE_IN),
        migrations.RunSQL(NO_DESK, _DESK),
    ]
