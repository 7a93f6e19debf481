"""Forms that change clients, projects and logos. They check shape; the actions decide."""

from django import forms
from django.db.models import QuerySet

from tenants.models import Membership, User
from tenants.owners import may_own


def people() -> "QuerySet[User]":
    """Members who may own something here."""
    return User.objects.filter(pk__in=Membership.objects.filter(may_own()).values("user"))


class ProjectChangeForm(forms.Form):
    name = forms.CharField(
        max_length=120, help_text="Past figures go by the new name; the short name stays."
    )
    owner = forms.ModelChoiceField(
        label="Responsible",
        queryset=User.objects.none(),
        to_field_name="email",
        required=False,
        empty_label="Nobody yet",
        help_text="Who answers when somebody asks about its spend.",
    )

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.fields["owner"].queryset = people().order_by("name", "email")  # type: ignore[attr-defined]


class ClientChangeForm(ProjectChangeForm):
    contact_name = forms.CharField(
        label="Contact that the client reads",
        max_length=120,
        required=False,
        help_text="Follows the responsible person unless you write somebody else.",
    )
    contact_email = forms.EmailField(label="Mail address of the contact", required=False)


class LogoForm(forms.Form):
    logo = forms.FileField(
        max_length=200,
        help_text="PNG, JPEG or WebP, at most 200 kB. Shown 2 lines high, so a wide one works best.",
        widget=forms.ClearableFileInput(attrs={"accept": "image/png,image/jpeg,image/webp"}),
    )
