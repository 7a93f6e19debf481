"""The way to the first event: what an empty page offers instead of noughts.

In:   the request and the projects there are.   Out: context of `parts/first_event.html`.
"""

from collections.abc import Collection
from datetime import UTC, datetime

from tenants.web.requests import PageRequest


def first_event(
    request: PageRequest, *, projects: Collection[str], now: datetime
) -> dict[str, object]:
    """The command to paste, with a project that exists and a time that will be accepted."""
    return {
        "first": {
            "url": request.build_absolute_uri("/api/v1/events"),
            "has_project": bool(projects),
            "project": min(projects, default="my-project"),
            "at": now.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        }
    }
