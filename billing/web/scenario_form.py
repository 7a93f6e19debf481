"""The form of a scenario: its name, price changes and growths. It checks shape; flow/scenario.py decides."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.forms import BaseFormSet, formset_factory

from billing.flow.book import price_book
from billing.flow.scenario import MOST
from billing.flow.set_scenario import LONGEST_NAME
from billing.models import Scenario
from billing.money import TOKEN_CLASSES, plain
from billing.web.price_forms import day_field, rate_field
from tenants.models import Client, Project

EVERYTHING = "everything"
BLANK = 1
"""Empty lines that the form of an existing scenario offers; saving offers the next."""


class NameForm(forms.Form):
    name = forms.CharField(
        max_length=LONGEST_NAME, help_text="As it is chosen by: “Sonnet halves in November”."
    )


def _per_cent(label: str) -> forms.DecimalField:
    field = forms.DecimalField(label=label, max_digits=6, decimal_places=2, required=False)
    field.widget.attrs["placeholder"] = "-50"
    return field


def _rate(name: str) -> forms.DecimalField:
    return rate_field(name, max_digits=13, required=False)


class PriceLine(forms.Form):
    """A dated change of prices. Empty in every field: no change."""

    since = day_field("From", required=False)
    of = forms.ChoiceField(label="Prices of", required=False)
    per_cent = _per_cent("Per cent more or less")
    input = _rate("input")
    cache_write_5m = _rate("cache_write_5m")
    cache_write_1h = _rate("cache_write_1h")
    cache_read = _rate("cache_read")
    output = _rate("output")
    web_search = _rate("web_search")

    def __init__(self, *args: Any, targets: list[tuple[str, Any]], **options: Any) -> None:
        super().__init__(*args, **options)
        _choose(self, targets)

    def main(self) -> list[forms.BoundField]:
        return [self["since"], self["of"], self["per_cent"]]

    def rates(self) -> list[forms.BoundField]:
        return [self[name] for name in TOKEN_CLASSES]

    @property
    def has_rates(self) -> bool:
        return any(
            self[name].value() not in (None, "") or self[name].errors for name in TOKEN_CLASSES
        )

    def line(self) -> dict[str, Any] | None:
        """As `assumptions_of` takes it; None of an empty line."""
        data = self.cleaned_data
        rates = {name: plain(data[name]) for name in TOKEN_CLASSES if data.get(name) is not None}
        per_cent = data.get("per_cent")
        if not data.get("since") and per_cent is None and not rates:
            return None
        kind, _, name = (data.get("of") or EVERYTHING).partition(":")
        provider, model = name.split(":", 1) if kind == "model" else (name, "")
        return {
            "since": data["since"].isoformat() if data.get("since") else "",
            "provider": provider,
            "model": model,
            "per_cent": "" if per_cent is None else plain(per_cent),
            "rates": rates,
        }


class GrowthLine(forms.Form):
    """So many per cent a month of something. Without per cent: nothing."""

    per_cent = _per_cent("Per cent a month")
    of = forms.ChoiceField(label="Of", required=False)

    def __init__(self, *args: Any, targets: list[tuple[str, Any]], **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["per_cent"].widget.attrs["placeholder"] = "5"
        _choose(self, targets)

    def main(self) -> list[forms.BoundField]:
        return [self["per_cent"], self["of"]]

    def line(self) -> dict[str, Any] | None:
        data = self.cleaned_data
        if data.get("per_cent") is None:
            return None
        kind, _, slug = (data.get("of") or EVERYTHING).partition(":")
        return {"per_cent": plain(data["per_cent"])} | ({kind: slug} if slug else {})


class ScenarioForm:
    """The name and two sets of lines, posted as one."""

    def __init__(self, posted: Any = None, *, scenario: Scenario | None = None) -> None:
        terms: Mapping[str, Any] = scenario.terms if scenario else {}
        self.is_bound = posted is not None
        self.name = NameForm(posted, initial={"name": scenario.name if scenario else ""})
        self.prices = _set(
            PriceLine,
            posted,
            prefix="prices",
            initial=[_price_filled(each) for each in terms.get("prices", ())],
            targets=price_targets(),
        )
        self.growth = _set(
            GrowthLine,
            posted,
            prefix="growth",
            initial=[_growth_filled(each) for each in terms.get("growth", ())],
            targets=growth_targets(),
        )

    def is_valid(self) -> bool:
        """Every part is asked, so that all that is wrong is said at once."""
        found = [each.is_valid() for each in (self.name, self.prices, self.growth)]
        return self.is_bound and all(found)

    def terms(self) -> dict[str, Any]:
        """As `assumptions_of` takes them, and where each line stands in the form."""
        return {
            name: [line for form in lines if (line := form.line()) is not None]
            for name, lines in (("prices", self.prices), ("growth", self.growth))
        }

    def add_error(self, field: str, detail: str) -> None:
        """Put what flow/scenario.py refused, `prices.0.since`, beside the field that it is about."""
        part, _, rest = field.partition(".")
        place, _, name = rest.partition(".")
        if part in ("prices", "growth") and place.isdecimal():
            forms_of = self.prices if part == "prices" else self.growth
            filled = [form for form in forms_of if form.line() is not None]
            form, name = filled[int(place)], name.removeprefix("rates.")
            form.add_error(name if name in form.fields else None, detail)
        else:
            self.name.add_error("name" if field == "name" else None, detail)


def price_targets() -> list[tuple[str, Any]]:
    """Everything, a provider, a model: those that the company's price book knows."""
    book = price_book()
    rows = (*book.agreed, *book.entries)
    models = sorted({(each.provider, each.model) for each in rows})
    return [
        (EVERYTHING, "every model"),
        ("A provider", [(f"provider:{each}", each) for each in sorted({of for of, _ in models})]),
        ("A model", [(f"model:{of}:{model}", model) for of, model in models]),
    ]


def growth_targets() -> list[tuple[str, Any]]:
    clients = Client.objects.filter(archived_at=None)
    projects = Project.objects.filter(archived_at=None).select_related("client")
    return [
        (EVERYTHING, "everything"),
        ("A client", [(f"client:{each.slug}", each.name) for each in clients]),
        (
            "A project",
            [(f"project:{each.slug}", f"{each.name} ({each.client})") for each in projects],
        ),
    ]


def _set(line: Any, posted: Any, *, prefix: str, initial: Any, targets: Any) -> "BaseFormSet[Any]":
    made = formset_factory(
        line, extra=max(BLANK, 1), max_num=MOST, absolute_max=MOST, validate_max=True
    )
    return made(posted, prefix=prefix, initial=initial, form_kwargs={"targets": targets})


def _choose(form: forms.Form, targets: list[tuple[str, Any]]) -> None:
    """The choices, with the one that is kept even where it is in use no longer."""
    field = form.fields["of"]
    assert isinstance(field, forms.ChoiceField)  # noqa: S101  declared above
    kept = (form.initial or {}).get("of", "")
    known = {value for value, words in targets if isinstance(words, str)}
    known |= {pair[0] for _, group in targets if not isinstance(group, str) for pair in group}
    also = [(kept, kept.rpartition(":")[2])] if kept and kept not in known else []
    field.choices = [*targets, *also]


def _price_filled(data: Mapping[str, Any]) -> dict[str, Any]:
    provider, model = data.get("provider", ""), data.get("model", "")
    of = (
        f"model:{provider}:{model}" if model else f"provider:{provider}" if provider else EVERYTHING
    )
    return {
        "since": data["since"],
        "of": of,
        "per_cent": data.get("per_cent"),
        **data.get("rates", {}),
    }


def _growth_filled(data: Mapping[str, Any]) -> dict[str, Any]:
    kind = next((name for name in ("project", "client") if data.get(name)), "")
    return {"per_cent": data["per_cent"], "of": f"{kind}:{data[kind]}" if kind else EVERYTHING}
