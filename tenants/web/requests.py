"""The request of a tenant page, as the page door hands it to a view."""

from django.http import HttpRequest

from tenants.access import Access
from tenants.models import User


class PersonRequest(HttpRequest):
    """For annotations only: whoever gets past LoginRequiredMiddleware has signed in."""

    user: User


class PageRequest(PersonRequest):
    """For annotations only: the page door has set `access` before a view of a tenant runs."""

    access: Access
    accesses: list[Access]
