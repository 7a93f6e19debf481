"""Budgets as tests make them: Ana's, a month of $0.10 of Globex unless said otherwise."""

from dataclasses import fields
from decimal import Decimal

from django.utils import timezone

from billing.flow.set_budget import Counts, NewTerms, change_budget, set_budget, terms_of
from tenants.models import User
from tests.factories import NOON, event

OWNERS = {"acme": "ana@acme.test", "brix": "bo@brix.test"}
MODEL = "claude-haiku-4-5"

TERMS = {field.name for field in fields(NewTerms)}


def budget(
    company, *, name="Globex", owner=None, client="globex", project=None, now=None, **changes
):
    """A budget of a company; `client=None` counts everything."""
    with company.scope():
        owner = owner or User.objects.get(email=OWNERS[company.tenant.slug])
        counts = {
            key: changes.pop(key) for key in ("model", "feature", "environment") if key in changes
        }
        return set_budget(
            actor=owner,
            name=name,
            counts=Counts(
                client=company.clients[client] if client and not project else None,
                project=company.projects[project] if project else None,
                **counts,
            ),
            shared=changes.pop("shared", False),
            terms=terms(owner=owner, **changes),
            now=now or timezone.now(),
        )


def terms(**changes):
    changes["amount"] = Decimal(changes.get("amount", "0.10"))
    return NewTerms(**({"period": "month"} | changes))


def changed(company, found, *, actor=None, now=None, **changes):
    """The budget with some terms, its name or its audience changed."""
    with company.scope():
        found.refresh_from_db()
        given = {name: changes.pop(name) for name in [*changes] if name in TERMS}
        if "amount" in given:
            given["amount"] = Decimal(given["amount"])
        values = {each.name: getattr(terms_of(found), each.name) for each in fields(NewTerms)}
        return change_budget(
            found,
            actor=actor or found.owner,
            name=changes.get("name", found.name),
            terms=NewTerms(**(values | given)),
            shared=changes.get("shared", found.shared_with_id is not None),
            now=now or timezone.now(),
        )


def spend(company, dollars, *, at=NOON, name="e", now=None, **changes):
    """Post one event that costs so many dollars: a million input tokens of Haiku 4.5 are $1."""
    tokens = Decimal(dollars) * 1_000_000
    usage = {"input_tokens": int(tokens), "output_tokens": 0}
    sent = event(name, occurred_at=at.isoformat(), model=MODEL, usage=usage, **changes)
    (verdict,) = company.post(sent, now=now or max(at, timezone.now()))
    assert verdict.status == "accepted"
