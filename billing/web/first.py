"""The way to the first event: what an empty page offers instead of noughts.

In:   the request and the projects there are.   Out: context of `parts/first_event.html`.
"""

from collections.abc import Iterable
from datetime import UTC, datetime

from tenants.web.requests import PageRequest

NEVER = "Three steps to the first figure"
NOT_NOW = "Nothing arrived in this range"


def first_event(
    request: PageRequest, *, projects: Iterable[str], now: datetime, title: str = NOT_NOW
) -> dict[str, object]:
    """The command to paste, with a project that exists and a time that will be accepted.

    A client viewer sends no events and gets no command, only the word that there is nothing yet.
    """
    if request.access.is_viewer:
        return {"nothing": True}
    slugs = sorted(projects)
    return {
        "first": {
            "title": title,
            "url": request.build_absolute_uri("/api/v1/events"),
            "has_project": bool(slugs),
            "project": slugs[0] if slugs else "my-project",
            "at": now.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        }
    }
