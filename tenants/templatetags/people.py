"""What the pages about people and accounts say: days, how long ago, and options for a browser's key store."""

import json
from datetime import datetime
from typing import Any

from django import template
from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from tenants.web.ages import in_words

register = template.Library()


@register.filter
def on_day(at: datetime) -> str:
    return f"{at.day} {at:%b %Y}"


@register.filter
def ago(at: datetime) -> str:
    """`12 min ago`; nothing happened: `never`."""
    return f"{in_words(timezone.now() - at)} ago" if at else "never"


@register.filter
def as_json(value: object) -> str:
    return json.dumps(value)


@register.simple_tag(takes_context=True)
def oidc(context: dict[str, Any]) -> dict[str, str]:
    """Name and address of the identity provider; empty when none is set."""
    if not settings.OIDC:
        return {}
    url = reverse("openid_connect_login", args=[settings.OIDC["provider_id"]])
    after = context.get("redirect_field_value")
    query = "?" + urlencode({"next": after}) if after else ""
    return {"name": settings.OIDC["name"], "url": url + query}
