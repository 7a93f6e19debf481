"""`restore_drill`: a backup that was never restored is a hope. Restore one elsewhere, and prove the books.

In:   a dump (by default one made now), a place for it (by default a scratch database of the same server).
Out:  a line per step with its time; exit 0 only when walls, migrations and every bucket of spend are right.
Never: changes the database that is served; it is only read.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from psycopg import sql

from costtrack.pgtools import ToolError, run_tool, sibling
from tenants.walls import create_roles

CHECKS = (["check", "--database", "default"], ["migrate", "--check"], ["verify_spend"])


class Command(BaseCommand):
    help = "Dump, restore into a scratch database, and prove there that the books are right."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dump", metavar="FILE", help="restore this file of pg_dump instead")
        parser.add_argument(
            "--into",
            metavar="URL",
            help="an empty database, which is kept; otherwise a scratch one",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with tempfile.TemporaryDirectory() as folder, _target(options["into"]) as target:
                dump = Path(options["dump"] or self._dumped(Path(folder) / "costtrack.dump"))
                self._restore(dump, target=target)
                self._prove(target)
        except (ToolError, psycopg.Error, OSError) as error:
            raise CommandError(f"The drill failed: {error}") from error
        self.stdout.write("The drill passed: this backup can be restored.")

    def _dumped(self, file: Path) -> Path:
        with self._timed("dumped"):
            words = ("--format=custom", "--no-owner", f"--file={file}")
            run_tool("pg_dump", *words, url=settings.DATABASE_URL)
        self.stdout.write(f"  {file.stat().st_size / 1_000_000:,.1f} MB")
        return file

    def _restore(self, dump: Path, *, target: str) -> None:
        with self._timed("restored"):
            with psycopg.connect(target) as link:
                link.execute(str(create_roles().sql).encode())
            words = ("--no-owner", "--exit-on-error", "--dbname={database}", str(dump))
            run_tool("pg_restore", *words, url=target)
        with psycopg.connect(target) as link:
            events = link.execute("SELECT count(*) FROM billing_usageevent").fetchone()
        self.stdout.write(f"  {events[0] if events else 0:,} events")

    def _prove(self, target: str) -> None:
        environment = os.environ | {"DATABASE_URL": target}
        environment.pop("DATABASE_ROLE", None)
        for words in CHECKS:
            with self._timed(" ".join(words)):
                done = subprocess.run(  # noqa: S603  our own commands
                    [sys.executable, str(settings.BASE_DIR / "manage.py"), *words],
                    env=environment,
                    capture_output=True,
                    text=True,
                    check=False,
                )
            self.stdout.write(
                "".join(f"  {line}\n" for line in done.stdout.splitlines()), ending=""
            )
            if done.returncode:
                raise ToolError(f"{' '.join(words)}: {done.stderr.strip() or done.returncode}")

    @contextmanager
    def _timed(self, what: str) -> Iterator[None]:
        started = time.monotonic()
        yield
        self.stdout.write(f"{what}: {time.monotonic() - started:.1f} s")


@contextmanager
def _target(given: str | None) -> Iterator[str]:
    """The database to restore into: the given one, or one that is gone afterwards."""
    if given:
        yield given
        return
    served = settings.DATABASE_URL
    name = sql.Identifier(f"costtrack_drill_{os.getpid()}")
    with psycopg.connect(served, autocommit=True) as link:
        link.execute(sql.SQL("CREATE DATABASE {}").format(name))
        try:
            yield sibling(served, database=name.as_string().strip('"'))
        finally:
            link.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))
