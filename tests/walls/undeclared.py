"""Addresses of views that forgot to say who may see them, or that break."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse
from django.urls import path
from rest_framework.response import Response
from rest_framework.views import APIView

from costtrack import urls
from tenants.keyview import KeyView


@login_not_required
def broken(request):
    raise RuntimeError("broken")


def forgotten(request, **kwargs):
    return HttpResponse("secret")


class Undeclared(KeyView):
    def get(self, request):
        return Response("secret")


class Other(APIView):
    def get(self, request):
        return Response("secret")


handler400 = "costtrack.errors.bad_request"
handler403 = "costtrack.errors.forbidden"
handler404 = "costtrack.errors.not_found"
handler500 = "costtrack.errors.server_error"
urlpatterns = [
    path("broken/", broken),
    path("api/v1/broken", broken),
    path("t/<slug:tenant>/undeclared/", forgotten),
    path("unmarked/", forgotten),
    path("accounts/login/", forgotten, name="account_login"),
    path("api/v1/undeclared", Undeclared.as_view()),
    path("api/v1/other", Other.as_view()),
    *urls.urlpatterns,
]
