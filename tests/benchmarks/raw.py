"""Yardsticks: what PostgreSQL does with the same rows when nothing is asked but to keep them.

In:   the ledger's rows of one run, in binary.   Out: rows per second into a copy of the ledger: the same
      columns, partitions, primary key and checks; no identities, no journal, no walls.
"""

import threading
import time
from collections.abc import Sequence

import psycopg

TABLE = "bench_raw"
_MAKE = f"""
CREATE TABLE {TABLE} (LIKE billing_usageevent INCLUDING ALL) PARTITION BY RANGE (occurred_at);
DO $$ DECLARE part record; BEGIN
    FOR part IN
        SELECT c.relname, pg_get_expr(c.relpartbound, c.oid) AS bounds
        FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'billing_usageevent'::regclass
    LOOP
        EXECUTE format('CREATE TABLE %I PARTITION OF {TABLE} %s', '{TABLE}_' || part.relname, part.bounds);
    END LOOP;
END $$;
"""


def make_table(connection: psycopg.Connection) -> None:
    connection.execute(f"DROP TABLE IF EXISTS {TABLE}")
    connection.execute(_MAKE)


def ledger_rows(
    connection: psycopg.Connection, tenant_id: int, *, count: int, batch: int
) -> list[bytes]:
    """The newest rows of a tenant as binary COPY data, one piece per batch, as they were stored."""
    pieces = []
    for start in range(0, count, batch):
        with connection.cursor().copy(
            f"COPY (SELECT * FROM billing_usageevent WHERE tenant_id = {int(tenant_id)}"
            f" ORDER BY received_at, event_id OFFSET {start} LIMIT {batch})"
            " TO STDOUT (FORMAT BINARY)"
        ) as copy:
            pieces.append(b"".join(bytes(each) for each in copy))
    return pieces


def copy_rate(connection: psycopg.Connection, pieces: Sequence[bytes], *, count: int) -> float:
    """Rows per second: one COPY and one commit per piece, on one connection."""
    connection.execute(f"TRUNCATE {TABLE}")
    began = time.perf_counter()
    for piece in pieces:
        with connection.cursor().copy(f"COPY {TABLE} FROM STDIN (FORMAT BINARY)") as copy:
            copy.write(piece)
    return count / (time.perf_counter() - began)


def commit_rate(url: str, *, count: int, connections: int) -> float:
    """Rows per second: a prepared INSERT of one row and a commit each, on as many connections as the load."""
    with psycopg.connect(url, autocommit=True) as connection:
        found = connection.execute(f"SELECT * FROM {TABLE} LIMIT {count}")
        columns = [column.name for column in found.description or []]
        rows = [dict(zip(columns, row, strict=True)) for row in found.fetchall()]
        connection.execute(f"TRUNCATE {TABLE}")
    for row in rows:
        for name in ("components", "tags", "extras"):
            row[name] = None
    insert = (
        f"INSERT INTO {TABLE} ({', '.join(columns)})"
        f" VALUES ({', '.join(f'%({name})s' for name in columns)})"
    )
    turns = iter(rows)
    barrier = threading.Barrier(connections + 1)

    def work() -> None:
        with psycopg.connect(url, autocommit=True) as connection:
            cursor = connection.cursor()
            barrier.wait()
            for row in turns:
                cursor.execute(insert, row, prepare=True)

    threads = [threading.Thread(target=work) for _ in range(connections)]
    for thread in threads:
        thread.start()
    barrier.wait()
    began = time.perf_counter()
    for thread in threads:
        thread.join()
    return len(rows) / (time.perf_counter() - began)
