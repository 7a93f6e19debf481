"""Sign-in is allauth's; people come in by invitation or command, so signing up is closed.

Never: a person who changes the address of the own account. Roles are given to addresses: whoever could take the
address of somebody yet to come would be given that person's role.
"""

from allauth.account.adapter import DefaultAccountAdapter
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse


class ClosedSignup(DefaultAccountAdapter):  # type: ignore[misc]
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False


@login_not_required
def closed(request: HttpRequest) -> HttpResponse:
    """Stands before a page of allauth that is not offered here."""
    raise Http404("not offered")
