"""Notes: what people answer to an insight, and what they say can wait. Each leaves a line in the audit log."""

from datetime import datetime

from billing.models import InsightNote, Patient
from tenants.actions import ActionError
from tenants.audit import Actor, label_of, record

STATES = ("done", "dismissed")
DIMENSIONS = ("environment", "feature")


def answer(insight: str, *, state: str, actor: Actor, now: datetime) -> None:
    """Mark an insight as done or dismissed; '' takes the answer back."""
    if state not in ("", *STATES):
        raise ActionError("invalid_field", "state is done, dismissed or empty.", field="state")
    if not 0 < len(insight) <= 300:
        raise ActionError("invalid_field", "No such insight.", field="insight")
    before = InsightNote.objects.filter(insight=insight).first()
    InsightNote.objects.filter(insight=insight).delete()
    if state:
        InsightNote.objects.create(
            insight=insight, state=state, noted_by=label_of(actor), noted_at=now
        )
    record(
        "insight.answered",
        actor=actor,
        subject=insight,
        before={"state": before.state} if before else None,
        after={"state": state},
    )


def can_wait(dimension: str, value: str, *, wait: bool, actor: Actor, now: datetime) -> None:
    """Say that nobody needs the answers of an environment or feature at once, or that somebody does."""
    if dimension not in DIMENSIONS or not 0 < len(value) <= 200:
        raise ActionError("invalid_field", "An environment or a feature.", field="value")
    Patient.objects.filter(dimension=dimension, value=value).delete()
    if wait:
        Patient.objects.create(
            dimension=dimension, value=value, marked_by=label_of(actor), marked_at=now
        )
    record(
        "insight.can_wait", actor=actor, subject=f"{dimension} {value}"[:200], after={"wait": wait}
    )
