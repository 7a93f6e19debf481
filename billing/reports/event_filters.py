"""Event filters: what a list of events is narrowed to, one condition for each name and value.

In:   names of filters and values as the reports show them.   Out: conditions of UsageEvent.
Promises: a value that nothing has leaves nothing. Spend has the same as SQL (billing/reports/filters.py).
"""

from typing import Final

from django.db.models import BooleanField, Case, Exists, F, OuterRef, Q, Subquery, Value, When
from django.db.models.expressions import RawSQL
from django.db.models.functions import Coalesce, Concat
from django.db.models.lookups import Exact, GreaterThan

from billing.models import EventCorrection
from billing.models.corrections import Kind
from billing.money import TOKEN_CLASSES
from billing.reports.filters import IMPORTED, NOT_NAMED, PRICED
from tenants.models import ApiKey, Client, Project
from tenants.scoping import active_scope

PROMPT_ABOVE: Final = "prompt_above"
"""The filter for calls whose prompt had more than so many tokens."""
IDLE: Final = "idle"
"""The filter (`yes`) for what counts as spent beside production while nobody is at work."""
IDLE_HOURS: Final = """(lower(environment) NOT IN ('', 'production', 'prod', 'live') AND (
    extract(isodow FROM occurred_at AT TIME ZONE {zone}) > 5
    OR extract(hour FROM occurred_at AT TIME ZONE {zone}) NOT BETWEEN 7 AND 20))"""
"""SQL: whether an event is idle spend. `zone`: the time zone of its company, as SQL."""


def condition(name: str, value: str) -> Q:
    """The condition of one filter that is set."""
    if name == PRICED:
        return _is_priced(value)
    if name == "client":
        return Q(client_id__in=Client.objects.filter(slug=value).values("pk"))
    if name == "project":
        return Q(project_id__in=Project.objects.filter(slug=value).values("pk"))
    if name == "api_key":
        shown = ApiKey.objects.annotate(shown=Concat("name", Value(" "), "prefix"))
        found = shown.filter(Q(prefix=value) | Q(shown=value)).values("pk")
        return Q(api_key_id__in=found) | (Q(api_key_id=0) if value == IMPORTED else Q())
    if name == PROMPT_ABOVE:
        prompt = sum((F(f"tokens_{each}") for each in TOKEN_CLASSES[1:4]), F("tokens_input"))
        return Q(GreaterThan(prompt, int(value)))
    if name == IDLE:
        return _is_idle() if value == "yes" else Q(pk__in=[])
    return Q(**{name: "" if value == NOT_NAMED else value})


def _is_priced(value: str) -> Q:
    """Whether an event counts with a price now (yes) or without (no), whatever it was stored with; one that was
    taken back counts neither way."""
    if value not in {"yes", "no"}:
        return Q(pk__in=[])
    last = EventCorrection.objects.filter(occurred_at=OuterRef("occurred_at"), key=OuterRef("key"))
    last = last.order_by("-number").annotate(
        stands=Case(
            When(kind=Kind.VOID, then=Value("void")),
            When(price_id=None, then=Value("no")),
            default=Value("yes"),
        )
    )
    stored = Case(When(price_id=None, then=Value("no")), default=Value("yes"))
    return Q(Exact(Coalesce(Subquery(last.values("stands")[:1]), stored), value))


def _is_idle() -> Q:
    """By the zone that the company has now, as nights reckon it; what was taken back is no part of it."""
    tenant = active_scope().tenant_id
    zone = "(SELECT timezone FROM tenants_tenant WHERE id = %s)"
    idle = RawSQL(IDLE_HOURS.format(zone=zone), [tenant, tenant], output_field=BooleanField())  # noqa: S611  constants only
    steps = EventCorrection.objects.filter(occurred_at=OuterRef("occurred_at"), key=OuterRef("key"))
    return Q(idle) & ~Q(Exists(steps.filter(kind=Kind.VOID)))
