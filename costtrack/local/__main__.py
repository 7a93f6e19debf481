"""Command line of local mode.

python -m costtrack.local run
python -m costtrack.local exec [--fresh] -- COMMAND
"""

import argparse
import signal
import sys

from costtrack.local.errors import LocalError
from costtrack.local.exec import exec_beside_servers
from costtrack.local.run import run
from costtrack.local.supervisor import STOP_SIGNALS


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m costtrack.local")
    verbs = parser.add_subparsers(dest="verb", required=True)
    runs = verbs.add_parser("run", help="serve: servers, migrations, web, worker, beat")
    runs.add_argument("--with-parent", action="store_true", help="stop when the starter is gone")
    execs = verbs.add_parser("exec", help="run one command beside the servers")
    execs.add_argument("--fresh", action="store_true", help="on empty servers, deleted afterwards")
    execs.add_argument("command", nargs="+", metavar="COMMAND")
    arguments = parser.parse_args()
    for each in STOP_SIGNALS:
        if each != signal.SIGHUP or signal.getsignal(each) != signal.SIG_IGN:  # ignored by nohup
            signal.signal(each, signal.default_int_handler)
    try:
        if arguments.verb == "run":
            return run(with_parent=arguments.with_parent)
        return exec_beside_servers(arguments.command, is_fresh=arguments.fresh)
    except LocalError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
