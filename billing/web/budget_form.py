"""The form of a budget: what is counted, how much, how long, who answers, when to tell whom."""

import re
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

from django import forms
from django.db.models import QuerySet

from billing.flow.choose_channels import choose_channels, chosen_channels
from billing.flow.set_budget import (
    Counts,
    NewTerms,
    change_budget,
    member_of,
    set_budget,
)
from billing.models import Budget, Channel
from billing.models.budgets import ESCALATE_AFTER, THRESHOLDS, Basis
from billing.money import is_storable, plain
from tenants.models import Client, Membership, Project, Role, User

PERIODS = [
    ("month", "Every month"),
    ("week", "Every week"),
    ("day", "Every day"),
    ("quarter", "Every quarter"),
    ("fixed", "Once, between two dates"),
]
WEEKDAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
DATE = forms.DateInput(attrs={"type": "date"})


class PercentField(forms.CharField):
    """Whole numbers with commas or spaces between, a % sign or not."""

    def clean(self, value: Any) -> tuple[int, ...]:
        text = str(super().clean(value))
        found = re.split(r"[,;%\s]+", text.strip(" ,;%"))
        if not text.strip():
            return ()
        if not all(each.isascii() and each.isdigit() and len(each) < 5 for each in found):
            raise forms.ValidationError("Whole per cent with commas between: 50, 80, 100.")
        return tuple(int(each) for each in found)


class AmountField(forms.DecimalField):
    def clean(self, value: Any) -> Decimal:
        found: Decimal = super().clean(value)
        if not found.is_finite() or not is_storable(found) or found <= 0:
            raise forms.ValidationError("An amount of dollars, more than nothing.")
        return found


class BudgetForm(forms.Form):
    """What a budget counts is chosen once: with `budget`, an existing one, that is not asked."""

    name = forms.CharField(
        max_length=120, help_text="As it stands in messages: “Support, production”."
    )
    counts = forms.ChoiceField(label="What it counts")
    amount = AmountField(label="Amount in US dollars")
    period = forms.ChoiceField(choices=PERIODS, label="How often it starts anew")
    owner = forms.ChoiceField(
        label="Responsible", help_text="This person is told, and answers for it."
    )
    thresholds = PercentField(
        label="Tell at, per cent",
        initial=", ".join(map(str, THRESHOLDS)),
        help_text="Of the amount. Up to ten; above 100 is allowed.",
    )
    forecast_thresholds = PercentField(
        label="Tell when the forecast reaches, per cent",
        required=False,
        help_text="100 says as early as possible that it will not be enough.",
    )
    deputy = forms.ChoiceField(required=False, help_text="Told when nobody acknowledges.")
    escalate_after_hours = forms.IntegerField(
        label="Tell others after, hours",
        required=False,
        min_value=1,
        max_value=744,
        initial=ESCALATE_AFTER,
        help_text="When nobody has acknowledged 100 % by then: the deputy and your company's owners."
        " Empty: never.",
    )
    channels = forms.ModelMultipleChoiceField(
        queryset=Channel.objects.filter(archived_at=None),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        label="Tell also",
    )
    week_day = forms.ChoiceField(
        choices=[(str(number), name) for number, name in enumerate(WEEKDAYS, start=1)],
        label="A week begins on",
        required=False,
    )
    month_day = forms.IntegerField(
        label="A month begins on day",
        min_value=1,
        max_value=31,
        initial=1,
        required=False,
        help_text="A month without that day begins on its last one.",
    )
    since = forms.DateField(required=False, widget=DATE, label="First day, when it is once")
    until = forms.DateField(required=False, widget=DATE, label="The day after the last one")
    basis = forms.ChoiceField(
        choices=[(Basis.COST, "Cost"), (Basis.BILLED, "What the client is billed")],
        label="It counts",
        required=False,
    )
    model = forms.CharField(required=False, max_length=200, label="Only this model")
    feature = forms.CharField(required=False, max_length=200, label="Only this feature")
    environment = forms.CharField(required=False, max_length=200, label="Only this environment")
    hard = forms.BooleanField(
        required=False,
        label="Hard: /api/v1/allow says no when it is used up",
    )
    shared = forms.BooleanField(required=False, label="The client may see it")

    MAIN = ("name", "counts", "amount", "period", "owner", "thresholds")

    def __init__(self, *args: Any, budget: Budget | None = None, **options: Any) -> None:
        super().__init__(*args, **options)
        people = [(each.email, str(each)) for each in members()]
        self.choice("owner").choices = people
        self.choice("deputy").choices = [("", "Nobody"), *people]
        if budget is None:
            self.choice("counts").choices = scopes()
        else:
            for name in ("counts", "model", "feature", "environment"):
                del self.fields[name]

    def choice(self, name: str) -> forms.ChoiceField:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101  declared above
        return field

    def main(self) -> Iterator[forms.BoundField]:
        return (self[name] for name in self.MAIN if name in self.fields)

    def more(self) -> Iterator[forms.BoundField]:
        return (self[name] for name in self.fields if name not in self.MAIN)

    @property
    def is_open(self) -> bool:
        """Whether something that stands under 'More' is wrong."""
        return any(name not in self.MAIN for name in self.errors)


def scopes() -> list[tuple[str, Any]]:
    clients = Client.objects.filter(archived_at=None)
    projects = Project.objects.filter(archived_at=None).select_related("client")
    return [
        ("everything", "Everything"),
        ("A client", [(f"client:{each.slug}", each.name) for each in clients]),
        (
            "A project",
            [(f"project:{each.slug}", f"{each.name} ({each.client})") for each in projects],
        ),
    ]


def members() -> list[User]:
    """Who may answer: staff first, then client viewers, whose own shared budgets can be theirs."""
    found = Membership.objects.filter(user__is_active=True).select_related("user")
    return [
        each.user
        for each in sorted(found, key=lambda each: (each.role == Role.CLIENT, str(each.user)))
    ]


def channels_of_company() -> QuerySet[Channel]:
    return Channel.objects.filter(archived_at=None)


def filled(budget: Budget) -> dict[str, Any]:
    """An existing budget as the form shows it."""
    return {
        "name": budget.name,
        "amount": plain(budget.amount),
        "period": budget.period,
        "owner": budget.owner.email,
        "deputy": budget.deputy.email if budget.deputy else "",
        "thresholds": ", ".join(map(str, budget.thresholds)),
        "forecast_thresholds": ", ".join(map(str, budget.forecast_thresholds)),
        "escalate_after_hours": budget.escalate_after_hours,
        "channels": chosen_channels(budget),
        "week_day": str(budget.starts_on) if budget.period == "week" else "1",
        "month_day": budget.starts_on if budget.period == "month" else 1,
        "since": budget.since,
        "until": budget.until,
        "basis": budget.basis,
        "hard": budget.hard,
        "shared": budget.shared_with_id is not None,
    }


def save_budget(form: BudgetForm, budget: Budget | None, *, actor: User, now: datetime) -> Budget:
    """Set or change a budget by a valid form; ActionError for what only the database knows."""
    data = form.cleaned_data
    terms, shared = terms_in(data), data["shared"]
    if budget is None:
        budget = set_budget(
            actor=actor,
            name=data["name"],
            counts=counts_in(data),
            terms=terms,
            shared=shared,
            now=now,
        )
    else:
        budget = change_budget(
            budget, actor=actor, name=data["name"], terms=terms, shared=shared, now=now
        )
    choose_channels(budget, data["channels"], actor=actor)
    return budget


def counts_in(data: dict[str, Any]) -> Counts:
    kind, _, slug = data["counts"].partition(":")
    projects = Project.objects.select_related("client")
    return Counts(
        client=Client.objects.get(slug=slug) if kind == "client" else None,
        project=projects.get(slug=slug) if kind == "project" else None,
        model=data["model"],
        feature=data["feature"],
        environment=data["environment"],
    )


def terms_in(data: dict[str, Any]) -> NewTerms:
    fixed = data["period"] == "fixed"
    starts = {"week": data["week_day"] or 1, "month": data["month_day"] or 1}
    return NewTerms(
        amount=data["amount"],
        period=data["period"],
        owner=member_of(data["owner"], field="owner"),
        deputy=member_of(data["deputy"], field="deputy") if data["deputy"] else None,
        starts_on=int(starts.get(data["period"], 1)),
        since=data["since"] if fixed else None,
        until=data["until"] if fixed else None,
        basis=data["basis"] or Basis.COST,
        thresholds=data["thresholds"],
        forecast_thresholds=data["forecast_thresholds"],
        escalate_after_hours=data["escalate_after_hours"],
        hard=data["hard"],
    )
