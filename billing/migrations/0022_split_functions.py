"""How an event is split into the components of its prompt, and a store that keeps what comes of it.

`event_parts` says in the database what billing/flow/components.py says; a test compares them. It is the one place
that ingest, voids, re-pricing, proofs and rebuilds ask, so that they cannot disagree.
"""

from importlib import import_module

from django.db import migrations

before = import_module("billing.migrations.0019_store_functions")

CLASSES = ("input", "cache_write_5m", "cache_write_1h", "cache_read", "output", "web_search")
TOKENS = [f"tokens_{name}" for name in CLASSES]
COSTS = [f"cost_{name}" for name in (*CLASSES, "uncached")]
MEASURES = ["events", *TOKENS, *COSTS]
RETURNED = ", ".join(f"{name} {'numeric' if name in COSTS else 'bigint'}" for name in MEASURES)

# What a step of an event counts, per component. p_tokens are the event's (in the order of the classes), p_events
# how often the step counts it (-1, 0, 1), p_costs what it counts: per class, then uncached.
# The prompt, in order: what was read from the cache, one-hour writes, five-minute writes, the rest.
# A class costs tokens x rate, at most 18 decimals a token, so a part of its tokens costs a figure of at most 18
# decimals: dividing a product with 18 decimals finds it exactly.
EVENT_PARTS = f"""
CREATE FUNCTION event_parts(p_components jsonb, p_events bigint, p_tokens bigint[], p_costs numeric[])
RETURNS TABLE (component text, {RETURNED}) LANGUAGE plpgsql IMMUTABLE STRICT AS $$
DECLARE
    v_prompt bigint := p_tokens[1] + p_tokens[2] + p_tokens[3] + p_tokens[4];
    v_read bigint := p_tokens[4];
    v_hour bigint := v_read + p_tokens[3];
    v_five bigint := v_hour + p_tokens[2];
    v_uncached numeric := round(p_costs[7] - p_costs[5] - p_costs[6], 18);
    v_names text[];
    v_said numeric[];
    v_all numeric;
    v_tokens bigint[];
    v_rest numeric[];
    v_left bigint := v_prompt;
    v_begin bigint := 0;
    v_end bigint;
    v_count bigint;
    v_seen text[] := '{{}}';
    i integer;
BEGIN
    SELECT array_agg(c ->> 'name' ORDER BY place), array_agg((c ->> 'tokens')::numeric ORDER BY place),
        sum((c ->> 'tokens')::numeric)
    INTO v_names, v_said, v_all
    FROM jsonb_array_elements(p_components) WITH ORDINALITY listed (c, place);
    IF coalesce(v_all, 0) = 0 THEN
        RETURN;
    END IF;
    FOR i IN 1 .. cardinality(v_names) LOOP
        v_tokens[i] := div(v_said[i] * v_prompt, v_all);
        v_rest[i] := v_said[i] * v_prompt - v_tokens[i] * v_all;
        v_left := v_left - v_tokens[i];
    END LOOP;
    IF v_left > 0 THEN
        FOR i IN
            SELECT place FROM unnest(v_rest) WITH ORDINALITY rests (rest, place)
            ORDER BY rest DESC, place LIMIT v_left
        LOOP
            v_tokens[i] := v_tokens[i] + 1;
        END LOOP;
    END IF;
    tokens_output := 0; tokens_web_search := 0; cost_output := 0; cost_web_search := 0;
    FOR i IN 1 .. cardinality(v_names) LOOP
        CONTINUE WHEN v_tokens[i] = 0;
        v_end := v_begin + v_tokens[i];
        component := v_names[i];
        IF component = ANY(v_seen) THEN
            events := 0;
        ELSE
            events := p_events;
            v_seen := v_seen || component;
        END IF;
        v_count := greatest(0, least(v_end, v_read) - v_begin);
        tokens_cache_read := p_events * v_count;
        cost_cache_read := CASE WHEN v_count = 0 THEN 0 ELSE round(p_costs[4] * v_count, 18) / p_tokens[4] END;
        v_count := greatest(0, least(v_end, v_hour) - greatest(v_begin, v_read));
        tokens_cache_write_1h := p_events * v_count;
        cost_cache_write_1h := CASE WHEN v_count = 0 THEN 0 ELSE round(p_costs[3] * v_count, 18) / p_tokens[3] END;
        v_count := greatest(0, least(v_end, v_five) - greatest(v_begin, v_hour));
        tokens_cache_write_5m := p_events * v_count;
        cost_cache_write_5m := CASE WHEN v_count = 0 THEN 0 ELSE round(p_costs[2] * v_count, 18) / p_tokens[2] END;
        v_count := greatest(0, v_end - greatest(v_begin, v_five));
        tokens_input := p_events * v_count;
        cost_input := CASE WHEN v_count = 0 THEN 0 ELSE round(p_costs[1] * v_count, 18) / p_tokens[1] END;
        cost_uncached := v_uncached * v_tokens[i] / v_prompt;
        v_begin := v_end;
        RETURN NEXT;
    END LOOP;
    events := p_events;
    tokens_input := 0; tokens_cache_write_5m := 0; tokens_cache_write_1h := 0; tokens_cache_read := 0;
    cost_input := 0; cost_cache_write_5m := 0; cost_cache_write_1h := 0; cost_cache_read := 0;
    component := 'response';
    tokens_output := p_events * p_tokens[5]; cost_output := p_costs[5]; cost_uncached := p_costs[5];
    RETURN NEXT;
    IF p_tokens[6] > 0 THEN
        component := 'web_search';
        tokens_output := 0; cost_output := 0;
        tokens_web_search := p_events * p_tokens[6]; cost_web_search := p_costs[6]; cost_uncached := p_costs[6];
        RETURN NEXT;
    END IF;
END $$;
REVOKE ALL ON FUNCTION event_parts(jsonb, bigint, bigint[], numeric[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION event_parts(jsonb, bigint, bigint[], numeric[]) TO costtrack_app;
"""

BUCKET = f"day, hour, priced, {before.DIMENSIONS}"
EACH_BUCKET = ", ".join(f"c.{name}" for name in BUCKET.split(", "))
SUMS = ", ".join(f"sum({name}) AS {name}" for name in before.COUNTED)

_REST, _JOURNAL = before.STORE.split("    ), journal AS (")
START = _REST[_REST.index("    WITH incoming") :]
PLAIN_JOURNAL, END = _JOURNAL.split("    )\n    SELECT array_agg")
SPLIT_JOURNAL = f"""
        INSERT INTO billing_spendentry (tenant_id, {BUCKET}, events, {", ".join(before.COUNTED)}, split)
        SELECT p_tenant, {BUCKET}, events, {", ".join(before.COUNTED)}, split
        FROM (SELECT {BUCKET}, count(*) AS events, {SUMS} FROM counted GROUP BY {BUCKET}) whole
        LEFT JOIN parts USING ({BUCKET})
"""  # noqa: S608  built from constants only
PARTS = f"""    ), counted AS (
        SELECT {before.DAY} AS day, date_trunc('hour', occurred_at, 'UTC') AS hour, price_id IS NOT NULL AS priced,
            {before.DIMENSIONS}, {", ".join(before.COUNTED)},
            CASE WHEN extras ? 'iterations' THEN NULL ELSE components END AS described
        FROM incoming JOIN fresh USING (key) CROSS JOIN {before.ZONE}
    ), parts AS (
        SELECT {BUCKET}, jsonb_agg(jsonb_build_object({", ".join(f"'{name}', {name}" for name in ("component", *MEASURES))})) AS split
        FROM (
            SELECT {EACH_BUCKET}, part.component, {", ".join(f"sum(part.{name}) AS {name}" for name in MEASURES)}
            FROM counted c CROSS JOIN LATERAL event_parts(c.described, 1,
                ARRAY[{", ".join(f"c.{name}" for name in TOKENS)}],
                ARRAY[{", ".join(f"c.{name}" for name in COSTS)}]) part
            WHERE c.described IS NOT NULL
            GROUP BY {EACH_BUCKET}, part.component
        ) each GROUP BY {BUCKET}
"""  # noqa: S608  built from constants only
JOURNAL, TAIL = "    ), journal AS (", "    )\n    SELECT array_agg" + END.split("\n\n    RETURN")[0]

# The statement of before for a batch in which no event has components: it costs what it did. Whoever does not say
# gets the other, which keeps the same and the parts.
STORE = f"""
DROP FUNCTION store_events(int, json);
CREATE FUNCTION store_events(p_tenant int, p_rows json, p_described boolean DEFAULT true)
RETURNS uuid[] LANGUAGE plpgsql AS $$
DECLARE
    v_known uuid[];
BEGIN
  IF p_described THEN
{START}{PARTS}{JOURNAL}{SPLIT_JOURNAL}{TAIL}
  ELSE
{START}{JOURNAL}{PLAIN_JOURNAL}{TAIL}
  END IF;
  RETURN v_known;
END $$;
REVOKE ALL ON FUNCTION store_events(int, json, boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION store_events(int, json, boolean) TO costtrack_app;
"""


class Migration(migrations.Migration):
    dependencies = [("billing", "0021_components")]

    operations = [
        migrations.RunSQL(
            EVENT_PARTS, "DROP FUNCTION event_parts(jsonb, bigint, bigint[], numeric[])"
        ),
        migrations.RunSQL(
            STORE, "DROP FUNCTION store_events(int, json, boolean);" + before.STORE
        ),
    ]
