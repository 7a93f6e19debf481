"""What ingest asks of PostgreSQL, as PL/pgSQL: each session keeps the plans, so a single event costs little.

The functions run as whoever calls them: row-level security binds every statement in them as it binds others.
Each statement in them has a snapshot of its own: what was committed while the one before it waited is seen.
"""

from django.db import migrations

# Rows are only ever added or closed, and each closing has a later time, so the version changes with every
# change. What follows the bar is the tenant's own, and empty without terms.
BOOK_VERSION = """
CREATE FUNCTION price_book_version(p_tenant int) RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (SELECT concat_ws('/', max(id), count(*), max(closed_at)) FROM billing_pricerow)
        || '/' || (SELECT concat_ws('/', max(id), count(*)) FROM billing_modelalias)
        || coalesce((
            SELECT '|' || concat_ws('/', p_tenant, sum(id), count(*), max(closed_at)) FROM (
                SELECT id, closed_at FROM billing_agreedprice WHERE tenant_id = p_tenant
                UNION ALL
                SELECT id, closed_at FROM billing_discount WHERE tenant_id = p_tenant) terms
            HAVING count(*) > 0), '');
END $$;
REVOKE ALL ON FUNCTION price_book_version(int) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION price_book_version(int) TO costtrack_app;
"""

# Book and places are read once the share of the days is held: whatever had them to itself is committed then.
DESK = """
CREATE FUNCTION intake_desk(p_tenant int, p_slugs text[]) RETURNS TABLE (version text, places json)
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(7201, p_tenant);
    RETURN QUERY SELECT price_book_version(p_tenant), (
        SELECT json_object_agg(slug, json_build_array(id, client_id)) FROM tenants_project
        WHERE tenant_id = p_tenant AND slug = ANY(p_slugs));
END $$;
REVOKE ALL ON FUNCTION intake_desk(int, text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION intake_desk(int, text[]) TO costtrack_app;
"""

# column -> (type, what a row that does not name it has), in the order of the ledger's rows in billing/flow/store.py
ZERO, NOTHING = ("bigint", "0"), ("text", "''")
COLUMNS = {
    "key": ("uuid", ""),
    "payload_hash": ("bigint", ""),
    "occurred_at": ("timestamptz", ""),
    "received_at": ("timestamptz", ""),
    "client_id": ("int", ""),
    "project_id": ("int", ""),
    "api_key_id": ("int", ""),
    "price_id": ("int", ""),
    "tokens_input": ZERO,
    "tokens_cache_write_5m": ZERO,
    "tokens_cache_write_1h": ZERO,
    "tokens_cache_read": ZERO,
    "tokens_output": ZERO,
    "tokens_web_search": ZERO,
    "cost_input": ("numeric", "0"),
    "cost_cache_write_5m": ("numeric", "0"),
    "cost_cache_write_1h": ("numeric", "0"),
    "cost_cache_read": ("numeric", "0"),
    "cost_output": ("numeric", "0"),
    "cost_web_search": ("numeric", "0"),
    "cost_uncached": ("numeric", "0"),
    "discount": ("numeric", "0"),
    "source": NOTHING,
    "event_id": NOTHING,
    "provider": NOTHING,
    "model": NOTHING,
    "variant": NOTHING,
    "unpriced_reason": NOTHING,
    "feature": NOTHING,
    "environment": NOTHING,
    "session": NOTHING,
    "task": NOTHING,
    "end_user": NOTHING,
    "stop_reason": NOTHING,
    "streamed": ("boolean", ""),
    "tool_calls": ("bigint", ""),
    "components": ("jsonb", ""),
    "tags": ("jsonb", ""),
    "extras": ("jsonb", ""),
}
DIMENSIONS = "client_id, project_id, api_key_id, provider, model, variant, feature, environment"
COUNTED = [name for name in COLUMNS if name.startswith(("tokens_", "cost_"))] + ["discount"]
LEDGER = ", ".join(name for name in COLUMNS if name != "payload_hash")

# As billing/flow/days.py has them; a test compares.
ZONE = """(SELECT t.timezone AS present, c.before, c.reached
    FROM tenants_tenant t LEFT JOIN billing_zonechange c ON c.tenant_id = t.id AND c.finished_at IS NULL
    WHERE t.id = p_tenant) zone"""
DAY = (
    "(occurred_at AT TIME ZONE"
    " CASE WHEN occurred_at < zone.reached THEN zone.before ELSE zone.present END)::date"
)

# Returns the identities that were there before; of these nothing is stored.
STORE = f"""
CREATE FUNCTION store_events(p_tenant int, p_rows json)
RETURNS uuid[] LANGUAGE plpgsql AS $$
DECLARE
    v_known uuid[];
BEGIN
    WITH incoming AS MATERIALIZED (
        SELECT {", ".join(f"coalesce({name}, {absent}) AS {name}" if absent else name for name, (_, absent) in COLUMNS.items())}
        FROM json_to_recordset(p_rows) AS row({", ".join(f"{name} {kind}" for name, (kind, _) in COLUMNS.items())})
    ), fresh AS (
        INSERT INTO billing_eventkey (tenant_id, key, payload_hash, occurred_at)
        SELECT p_tenant, key, payload_hash, occurred_at FROM incoming ORDER BY key
        ON CONFLICT (tenant_id, key) DO NOTHING
        RETURNING key
    ), ledger AS (
        INSERT INTO billing_usageevent (tenant_id, {LEDGER})
        SELECT p_tenant, {LEDGER} FROM incoming JOIN fresh USING (key)
    ), journal AS (
        INSERT INTO billing_spendentry
            (tenant_id, day, hour, priced, {DIMENSIONS}, events, {", ".join(COUNTED)})
        SELECT p_tenant,
            {DAY},
            date_trunc('hour', occurred_at, 'UTC'),
            price_id IS NOT NULL, {DIMENSIONS}, count(*), {", ".join(f"sum({name})" for name in COUNTED)}
        FROM incoming JOIN fresh USING (key) CROSS JOIN {ZONE}
        GROUP BY 2, 3, 4, {DIMENSIONS}
    )
    SELECT array_agg(key) INTO v_known
    FROM incoming WHERE NOT EXISTS (SELECT FROM fresh WHERE fresh.key = incoming.key);

    RETURN v_known;
END $$;
REVOKE ALL ON FUNCTION store_events(int, json) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION store_events(int, json) TO costtrack_app;
"""  # noqa: S608  built from constants only


class Migration(migrations.Migration):
    dependencies = [("billing", "0018_unpriced_indexes")]

    operations = [
        migrations.RunSQL(BOOK_VERSION, "DROP FUNCTION price_book_version(int)"),
        migrations.RunSQL(DESK, "DROP FUNCTION intake_desk(int, text[])"),
        migrations.RunSQL(STORE, "DROP FUNCTION store_events(int, json)"),
    ]
