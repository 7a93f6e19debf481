"""Local mode: real PostgreSQL and Valkey from Python wheels, and one supervisor for every process.

`run` is what `make run` starts, `exec` runs one command beside the servers; the reasons are in
docs/decisions/0001-local-servers-from-wheels.md.
"""

from costtrack.local.state import server_urls

__all__ = ["server_urls"]
