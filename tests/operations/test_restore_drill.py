"""The restore drill: passes on a sound backup, fails on any other, and leaves nothing behind."""

import io
import os

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from billing.models import DailySpend
from costtrack import pgtools
from costtrack.pgtools import ToolError, run_tool, sibling
from tests.factories import event
from tests.operations.processes import database_url


@pytest.fixture
def served(committed, settings):
    """The database of the tests, with two companies in it, as the one that is served."""
    settings.DATABASE_URL = database_url()
    for company in (committed.acme, committed.brix):
        company.post(event("a"), event("b", feature="chat"))
        company.fold()
        company.post(event("unfolded"))
    return committed


def drill(**options):
    out = io.StringIO()
    call_command("restore_drill", stdout=out, **options)
    return out.getvalue()


def databases():
    """Those that this process has made: others may come and go on the same server."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT datname FROM pg_database")
        return {name for (name,) in cursor.fetchall() if str(os.getpid()) in name}


@pytest.mark.smoke
def test_a_sound_backup_passes_and_the_scratch_database_is_gone(served):
    said = drill()

    assert "  6 events\n" in said
    assert said.count(", 0 differences") == 2
    assert said.splitlines()[-2:] == [
        "  ledger = rollups + journal",
        "The drill passed: this backup can be restored.",
    ]
    assert databases() == set()


def test_books_that_are_wrong_fail_it(served):
    with served.acme.scope():
        DailySpend.objects.update(events=7)

    with pytest.raises(CommandError, match=r"(?s)verify_spend: .*buckets differ"):
        drill()

    assert databases() == set()


def test_a_file_that_is_no_backup_fails_it(served, tmp_path):
    (tmp_path / "file").write_text("no dump")
    with pytest.raises(CommandError, match="pg_restore failed"):
        drill(dump=str(tmp_path / "file"))

    assert databases() == set()


def test_an_own_backup_is_restored_where_it_is_wanted_and_stays(served, tmp_path, settings):
    dump, name = str(tmp_path / "own.dump"), f"drill_test_{os.getpid()}"
    run_tool("pg_dump", "--format=custom", f"--file={dump}", url=settings.DATABASE_URL)
    target = sibling(settings.DATABASE_URL, database=name)
    with psycopg.connect(settings.DATABASE_URL, autocommit=True) as link:
        link.execute(f"CREATE DATABASE {name}")
        try:
            assert "The drill passed" in drill(dump=dump, into=target)
            assert name in databases()
            with pytest.raises(CommandError, match="already exists"):
                drill(dump=dump, into=target)
        finally:
            link.execute(f"DROP DATABASE {name} WITH (FORCE)")


def test_a_tool_is_told_where_to_go_by_its_environment(tmp_path, monkeypatch):
    tool = tmp_path / "tool"
    tool.write_text(
        '#!/bin/sh\necho "$* | $PGHOST $PGPORT $PGUSER $PGPASSWORD $PGDATABASE $PGSSLMODE" >&2\nexit 1'
    )
    tool.chmod(0o700)
    monkeypatch.setattr(pgtools, "_tool", lambda name, url: str(tool))

    with pytest.raises(ToolError) as error:
        run_tool("tool", "--to={database}", url="postgresql://me:secret@host:99/db?sslmode=require")

    words, _, variables = str(error.value).partition(" | ")
    assert words == "tool failed: --to=db"
    assert variables == "host 99 me secret db require"


def test_a_tool_of_another_version_is_not_used(served, tmp_path, monkeypatch, settings):
    """What it dumps an older server might not read back."""
    (tmp_path / "pg_dump").write_text("#!/bin/sh\necho pg_dump '(PostgreSQL)' 9.6.1")
    (tmp_path / "pg_dump").chmod(0o700)
    monkeypatch.setattr(pgtools, "POSTGRES", "nothing/like/it")
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(ToolError, match="There is no pg_dump of PostgreSQL"):
        run_tool("pg_dump", url=settings.DATABASE_URL)
