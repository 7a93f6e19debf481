"""Counters: what became of the events that came in over HTTP, for /metrics.

In: the answer of a batch.   Out: counts of this process since it started.   Never: an id or a tenant.
"""

from collections.abc import Mapping, Sequence

from prometheus_client import Counter

from billing.flow.intake import Verdict

EVENTS = Counter("costtrack_events", "Events by what became of them.", ["status"])
UNPRICED = Counter("costtrack_unpriced_events", "Accepted events that have no price yet.")
REJECTS = Counter("costtrack_rejects", "Rejected events by code.", ["code"])
STATUS = {
    "accepted": "accepted",
    "duplicates": "duplicate",
    "conflicts": "conflict",
    "rejected": "rejected",
}


def count_events(counts: Mapping[str, int], verdicts: Sequence[Verdict]) -> None:
    """`counts` are those of the answer; the verdicts are looked at only when some are rejections."""
    for name, status in STATUS.items():
        if counts[name]:
            EVENTS.labels(status).inc(counts[name])
    if counts["unpriced"]:
        UNPRICED.inc(counts["unpriced"])
    if counts["rejected"]:
        for each in verdicts:
            if each.status == "rejected":
                REJECTS.labels(each.code).inc()
