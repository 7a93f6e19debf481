"""The start page: where a signed-in person may go; straight to the only place, or to the one used last."""

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from tenants.access import Access, accesses
from tenants.middleware import LAST


@require_safe
def start(request: HttpRequest) -> HttpResponse:
    if isinstance(request.user, AnonymousUser):
        return redirect("account_login")
    found = accesses(request.user)
    here = last_used(found, slug=request.COOKIES.get(LAST))
    if here is not None:
        return redirect("overview", here.tenant.slug)
    return render(request, "tenants/start.html", {"places": found})


def last_used(found: list[Access], *, slug: str | None) -> Access | None:
    """The tenant that this browser showed last, else the one the person saw last; None leaves the choice."""
    if len(found) == 1:
        return found[0]
    used = [each for each in found if each.tenant.slug == slug]
    seen = [(each.seen_at, number) for number, each in enumerate(found) if each.seen_at]
    return used[0] if used else found[max(seen)[1]] if seen else None
