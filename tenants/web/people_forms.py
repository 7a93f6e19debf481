"""Forms about people. They check shape; the actions decide."""

from typing import Any

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from tenants.members import may_give
from tenants.models import Client, Role, User
from tenants.words import MAY


class RoleForm(forms.Form):
    """A role up to the own one; for a client viewer the client."""

    role = forms.ChoiceField(
        choices=[(role.value, words) for role, words in MAY.items()],
        initial=Role.MEMBER.value,
        widget=forms.RadioSelect,
    )
    client = forms.ModelChoiceField(
        queryset=Client.objects.filter(archived_at=None),
        to_field_name="slug",
        required=False,
        empty_label="–",
        help_text="For a client viewer only.",
    )

    def __init__(self, *args: Any, own: Role, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        role = self.fields["role"]
        if isinstance(role, forms.ChoiceField):
            role.choices = [
                (each.value, words) for each, words in MAY.items() if may_give(own, each)
            ]

    def clean_role(self) -> Role:
        return Role(self.cleaned_data["role"])


class InviteForm(RoleForm):
    email = forms.EmailField(label="E-mail")
    field_order = ("email", "role", "client")


class AccountForm(forms.Form):
    """Name and password of somebody new; the address is the invitation's."""

    name = forms.CharField(
        max_length=120,
        required=False,
        label="Your name",
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    password = forms.CharField(
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="At least 10 characters. A sentence is good.",
        strip=False,
    )

    def __init__(self, *args: Any, email: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.email = email

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if "password" in cleaned:
            try:
                validate_password(
                    cleaned["password"], User(email=self.email, name=cleaned.get("name", ""))
                )
            except ValidationError as error:
                self.add_error("password", error)
        return cleaned
