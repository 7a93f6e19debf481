"""Names as people say them: initials for the account button."""

from django import template

register = template.Library()


@register.filter
def initials(who: object) -> str:
    """`Ana Petrova` -> `AP`, `ana@example.com` -> `A`."""
    words = str(who).split("@")[0].split()
    return "".join(word[0] for word in words[:2]).upper()
