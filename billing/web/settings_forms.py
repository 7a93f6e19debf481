"""Forms of the settings page. They check shape; the actions decide."""

import zoneinfo
from functools import cache

from django import forms

from billing.models.keeping import LEAST_MONTHS, MOST_MONTHS

WEEK_DAYS = list(
    enumerate(
        ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"), start=1
    )
)
OLD_NAMES = ("Etc/", "US/", "Brazil/", "Canada/", "Chile/", "Mexico/")
"""Other names of zones that have one by continent and city."""


@cache
def zones() -> list[tuple[str, str]]:
    """Zones by continent and city, and UTC."""
    named = (
        each
        for each in zoneinfo.available_timezones()
        if "/" in each and not each.startswith(OLD_NAMES)
    )
    return [(each, each.replace("_", " ")) for each in ("UTC", *sorted(named))]


class CompanyForm(forms.Form):
    name = forms.CharField(max_length=120)
    week_starts_on = forms.TypedChoiceField(
        label="Weeks begin on",
        choices=WEEK_DAYS,
        coerce=int,
        help_text="For new weekly budgets and ranges; budgets that exist keep their day.",
    )


class ZoneForm(forms.Form):
    timezone = forms.ChoiceField(
        label="Time zone",
        choices=zones,
        help_text="Where the days of your spend begin and end.",
    )


class KeepForm(forms.Form):
    """`sure` is asked for on the page that shows what would go."""

    months = forms.IntegerField(
        label="Keep single events for so many whole months",
        required=False,
        min_value=LEAST_MONTHS,
        max_value=MOST_MONTHS,
        help_text="Empty: for ever. Sums, and what makes a replay a duplicate, always stay.",
    )
    sure = forms.BooleanField(required=False, widget=forms.HiddenInput)
