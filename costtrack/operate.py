"""/operate/: Django's admin, for operators only (staff, superuser, second factor); for others it is not there.

In:   nothing that changes anything: every list is read-only.   Out: accounts, companies, who belongs to one.
Walls: accounts belong to no tenant and are read as ever. Companies are listed by the dispatching role, which
      sees slug and zone; members and budgets of one are read inside its scope, as its own pages do. No role
      sees more here.
Log:  each look is a line with who, what and which company.
"""

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any

import structlog
from allauth.mfa.models import Authenticator
from django.contrib import admin, messages
from django.contrib.auth.decorators import login_not_required
from django.db.models import Exists, OuterRef, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, URLResolver, path
from django.utils import timezone
from django.views.decorators.http import require_safe

from billing.models import Budget
from billing.periods import today_in
from billing.reports.budgets import standings
from tenants.directory import UnknownTenant, all_tenants, tenant_id_of
from tenants.members import SECOND_FACTORS, members
from tenants.models import Invitation, Tenant, User
from tenants.scoping import tenant_scope

View = Callable[..., HttpResponse]
UNUSED = {
    "login",
    "logout",
    "password_change",
    "password_change_done",
    "autocomplete",
    "view_on_site",
}

log = structlog.get_logger("costtrack.operate")


def is_operator(user: object) -> bool:
    return isinstance(user, User) and user.is_active and user.is_staff and user.is_superuser


def operators_only(view: View) -> View:
    """For others there is nothing here; an operator without a second factor is led to one; a look is logged."""

    @login_not_required
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not is_operator(request.user):
            raise Http404
        factors = Authenticator.objects.filter(user_id=request.user.pk, type__in=SECOND_FACTORS)
        if not factors.exists():
            messages.info(request, "Operators need a second factor. Set one up first.")
            return redirect("mfa_index")
        log.info("operator_looked", person=request.user.pk, at=request.path)
        return view(request, *args, **kwargs)

    return guarded


class OperatorSite(admin.AdminSite):
    site_header = site_title = "costtrack, operators"
    index_title = "Accounts and companies"
    site_url = "/system/"
    enable_nav_sidebar = False
    final_catch_all_view = False

    def has_permission(self, request: HttpRequest) -> bool:
        return is_operator(request.user)

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        return operators_only(super().admin_view(view, cacheable))

    def get_urls(self) -> list[Any]:
        own = [
            path("companies/", self.admin_view(companies), name="companies"),
            path("companies/<slug:company>/", self.admin_view(company), name="company"),
        ]
        kept = [each for each in super().get_urls() if getattr(each, "name", "") not in UNUSED]
        for each in _patterns([*own, *kept]):
            login_not_required(each.callback)  # the gate above answers, as if nothing were here
        return [*own, *kept]


def _patterns(found: Iterable[URLPattern | URLResolver]) -> Iterable[URLPattern]:
    for each in found:
        if isinstance(each, URLResolver):
            yield from _patterns(each.url_patterns)
        else:
            yield each


class People(admin.ModelAdmin):  # type: ignore[type-arg]  # no generic when it runs
    """Read-only. Never: a password's hash, or a factor's seed."""

    list_display = ("email", "name", "is_active", "is_staff", "second_factor", "last_login")
    list_filter = ("is_active", "is_staff")
    search_fields = ("email", "name")
    ordering = ("email",)
    list_per_page = 100
    show_full_result_count = False
    actions = None
    fields = ("email", "name", "is_active", "is_staff", "date_joined", "last_login")
    readonly_fields = fields

    @admin.display(boolean=True)
    def second_factor(self, user: User) -> bool:
        return bool(user.has_factor)  # type: ignore[attr-defined]

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        factors = Authenticator.objects.filter(user=OuterRef("pk"), type__in=SECOND_FACTORS)
        return User.objects.annotate(has_factor=Exists(factors))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@require_safe
def companies(request: HttpRequest) -> HttpResponse:
    """Every company by slug: more of it is shown only once one is chosen."""
    return render(request, "operate/companies.html", {"companies": all_tenants()})


@require_safe
def company(request: HttpRequest, company: str) -> HttpResponse:
    """Who belongs to one company, and its budgets, read inside its scope."""
    try:
        tenant_id = tenant_id_of(company)
    except UnknownTenant as error:
        raise Http404(str(error)) from error
    log.info("operator_looked_inside", person=request.user.pk, tenant=tenant_id)
    with tenant_scope(tenant_id):
        tenant = Tenant.objects.get()
        budgets = Budget.objects.filter(archived_at=None).select_related("owner")
        context = {
            "company": tenant,
            "budgets": standings(budgets, today=today_in(tenant.timezone, now=timezone.now())),
            "members": list(members()),
            "invitations": Invitation.objects.filter(accepted_at=None, revoked_at=None).count(),
        }
        return render(request, "operate/company.html", context)


operators = OperatorSite()
operators.register(User, People)
