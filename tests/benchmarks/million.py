"""A long history: many events straight into the ledger in SQL, then the rollups by the product's own rebuild.

In:   a company, how many events, over how many days.   Out: the ledger, identities and rollups of that history.
Each event has a real price row: its costs are tokens x rate, as the intake would have booked them.
"""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import psycopg

from billing.flow.verify import days_with_events, months, rebuild
from tenants.scoping import tenant_scope
from tests.benchmarks.company import FEATURES, MODELS, Company

DAYS = 90
PIECES = 2
"""Connections that write at the same time."""

# Event n of the history: when, where, what. Everything follows from n, so identities and ledger agree.
# hash_n gives numbers without order; a project uses two of the models and every feature.
_EVENTS = """
SELECT n, %(since)s::timestamptz + n * (%(until)s::timestamptz - %(since)s::timestamptz) / %(count)s AS at,
    md5('bench-' || %(tenant)s || '-' || n)::uuid AS key,
    h, project.id AS project_id, project.client_id, price.*
FROM (SELECT n, abs(hashint8(n)::bigint) AS h FROM generate_series(%(first)s, %(last)s - 1) n) each
JOIN (SELECT id, client_id, row_number() OVER (ORDER BY id) - 1 AS place
      FROM tenants_project WHERE tenant_id = %(tenant)s) project ON project.place = h %% %(projects)s
JOIN (SELECT id AS price_id, model, input, cache_write_5m, cache_write_1h, cache_read, output
      FROM billing_pricerow
      WHERE speed = 'standard' AND over_prompt_tokens = 0 AND since IS NULL AND until IS NULL) price
    ON price.model = (%(models)s::text[])[1 + (project.place + h / 64 %% 2) %% %(model_count)s]
"""

KEYS = f"""
INSERT INTO billing_eventkey (tenant_id, key, payload_hash, occurred_at)
SELECT %(tenant)s, key, h, at FROM ({_EVENTS}) e
"""

LEDGER = f"""
INSERT INTO billing_usageevent (
    tenant_id, occurred_at, received_at, key, client_id, project_id, api_key_id, price_id,
    tokens_input, tokens_cache_write_5m, tokens_cache_write_1h, tokens_cache_read, tokens_output,
    tokens_web_search, cost_input, cost_cache_write_5m, cost_cache_write_1h, cost_cache_read, cost_output,
    cost_web_search, cost_uncached, source, event_id, provider, model, variant, unpriced_reason, feature,
    environment, session, task, end_user, stop_reason, streamed)
SELECT %(tenant)s, at, at + interval '2 seconds', key, client_id, project_id, %(api_key)s, price_id,
    fresh, written, 0, cached, said, 0,
    fresh * input / 1000000, written * cache_write_5m / 1000000, 0, cached * cache_read / 1000000,
    said * output / 1000000, 0, ((fresh + written + cached) * input + said * output) / 1000000,
    '', 'msg_01bench' || n, 'anthropic', model, 'standard', '', (%(features)s::text[])[1 + h / 4096 %% 3],
    CASE WHEN h / 16384 %% 10 = 0 THEN 'staging' ELSE 'production' END,
    's-' || n / 6, '', '', 'end_turn', true
FROM (SELECT *, 20 + h %% 880 AS fresh, CASE WHEN h %% 4 = 0 THEN 4210 ELSE 0 END AS written,
        CASE WHEN h %% 3 = 0 THEN 0 ELSE 18400 END AS cached, 10 + h / 256 %% 2490 AS said
      FROM ({_EVENTS}) e) e
"""


def fill(company: Company, *, count: int, now: datetime, database_url: str) -> float:
    """Write the history, evenly over the last 90 days, and return the seconds that the rebuild took."""
    until = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    parameters = {
        "tenant": company.tenant.pk,
        "since": until - timedelta(days=DAYS),
        "until": until,
        "count": count,
        "projects": len(company.projects),
        "models": list(MODELS),
        "model_count": len(MODELS),
        "features": list(FEATURES),
        "api_key": company.ingest_key(now=now).id,
    }
    _write(parameters, database_url)
    _analyze(database_url, "billing_usageevent, billing_eventkey")
    seconds = _rebuild(company)
    _analyze(
        database_url,
        "billing_dailyspend, billing_projectday, billing_hourlyspend, billing_dimensionvalue",
    )
    return seconds


def _write(parameters: dict[str, object], database_url: str) -> None:
    """Pieces of the history at the same time; the first error of any ends it."""
    count = int(str(parameters["count"]))
    bounds = [count * piece // PIECES for piece in range(PIECES + 1)]

    def write(first: int, last: int) -> None:
        piece = parameters | {"first": first, "last": last}
        with psycopg.connect(database_url) as connection:
            connection.execute(LEDGER, piece)
            connection.execute(KEYS, piece)

    with ThreadPoolExecutor(PIECES) as pool:
        for done in [pool.submit(write, first, last) for first, last in pairwise(bounds)]:
            done.result()


def _analyze(database_url: str, tables: str) -> None:
    """Autovacuum would do it within a minute; the figures should not depend on which minute."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(f"VACUUM (ANALYZE) {tables}")


def _rebuild(company: Company) -> float:
    with tenant_scope(company.tenant.pk):
        span = days_with_events()
    assert span is not None
    began = time.perf_counter()
    for since, until in months(span[0], until=span[1]):
        with tenant_scope(company.tenant.pk):
            rebuild(since, until=until)
    return time.perf_counter() - began
