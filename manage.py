#!/usr/bin/env python
"""Command-line door of the project.

Commands that change the schema speak to PostgreSQL as the owner of the tables; every other command
speaks as the serving role, which row-level security binds (docs/architecture.md).
"""

import os
import sys

from django.conf import settings
from django.core.management import execute_from_command_line
from django.db import OperationalError

OWNER_COMMANDS = {"migrate", "makemigrations", "sqlmigrate", "showmigrations", "dbshell"}


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "costtrack.settings")
    if len(sys.argv) > 1 and sys.argv[1] in OWNER_COMMANDS:
        os.environ.setdefault("DATABASE_ROLE", "owner")
    try:
        execute_from_command_line(sys.argv)
    except OperationalError:
        if settings.DATABASE_URL:
            raise
        sys.exit("costtrack is not running here: start it with 'make run', or set DATABASE_URL.")


if __name__ == "__main__":
    main()
