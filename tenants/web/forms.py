"""Forms of the pages about keys, clients and projects. They check shape; the actions decide."""

from django import forms

from tenants.models import Client, Project
from tenants.models.keys import KeyScope

SCOPE_WORDS = [
    (KeyScope.INGEST.value, "Send events"),
    (KeyScope.READ.value, "Read spend"),
    (KeyScope.MANAGE.value, "Manage clients, projects and keys"),
]


class KeyForm(forms.Form):
    """A new key; without a project it serves them all."""

    name = forms.CharField(
        max_length=120,
        help_text="Where it is used, so that you know it again: “support-bot, production”.",
    )
    scopes = forms.MultipleChoiceField(
        label="It may",
        choices=SCOPE_WORDS,
        widget=forms.CheckboxSelectMultiple,
        initial=[KeyScope.INGEST.value],
    )
    project = forms.ModelChoiceField(
        queryset=Project.objects.filter(archived_at=None),
        to_field_name="slug",
        required=False,
        empty_label="Every project",
    )


OVERLAPS = [(24, "for a day"), (168, "for a week"), (1, "for an hour"), (0, "not any more")]


class RotateForm(forms.Form):
    """For how long the old secret still works."""

    overlap_hours = forms.TypedChoiceField(choices=OVERLAPS, coerce=int)


class ClientForm(forms.Form):
    name = forms.CharField(max_length=120)
    slug = forms.SlugField(
        label="Short name",
        max_length=60,
        help_text="For addresses and the API: letters, digits, hyphens.",
    )


class ProjectForm(ClientForm):
    client = forms.ModelChoiceField(
        queryset=Client.objects.filter(archived_at=None), to_field_name="slug", empty_label=None
    )
