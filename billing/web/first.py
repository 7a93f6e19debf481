"""The way to the first event: what an empty page offers instead of noughts.

In:   the request.   Out: context of `parts/first_event.html`, which leads to the page of billing/web/begin.py.
"""

from tenants.web.requests import PageRequest

NEVER = "Three steps to the first figure"
NOT_NOW = "Nothing arrived in this range"


def first_event(request: PageRequest, *, title: str = NOT_NOW) -> dict[str, object]:
    """A client viewer sends no events and gets no way to it, only the word that there is nothing yet."""
    return {"nothing": True} if request.access.is_viewer else {"first": {"title": title}}
