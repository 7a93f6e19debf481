"""python -m tests.benchmarks [--rounds N] [--events N] [--requests N] [--json PATH] [--keep]

Makes a database of its own beside the one in DATABASE_URL, measures, prints one table, drops the database.
"""

import argparse
import os
import subprocess
import sys

from tests.benchmarks.database import PROJECT, own_database
from tests.benchmarks.options import add_options
from tests.keyring import KEY_RING


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks")
    parser.add_argument("--keep", action="store_true", help="keep the database for a closer look")
    add_options(parser)
    options, url = parser.parse_args(), os.environ.get("DATABASE_URL", "")
    if not (url and os.environ.get("REDIS_URL")):
        parser.error("DATABASE_URL and REDIS_URL are not set: use make bench")
    words = [word for word in sys.argv[1:] if word != "--keep"]
    with own_database(url, keep=options.keep) as ours:
        return subprocess.run(
            [sys.executable, "-m", "tests.benchmarks.measure", *words],
            cwd=PROJECT,
            env={
                "SECRET_KEY": "benchmarks",
                "KEY_RING": KEY_RING,
                "THROTTLE_PER_SECOND": "100000",  # asked, and never in the way
                "THROTTLE_BURST": "200000",
                **os.environ,
                "DATABASE_URL": ours,
            },
            check=False,
        ).returncode


if __name__ == "__main__":
    sys.exit(main())
