"""Addresses of views that forgot to say who may see them."""

from django.http import HttpResponse
from django.urls import path
from rest_framework.response import Response
from rest_framework.views import APIView

from tenants.keyview import KeyView


def forgotten(request, **kwargs):
    return HttpResponse("secret")


class Undeclared(KeyView):
    def get(self, request):
        return Response("secret")


class Other(APIView):
    def get(self, request):
        return Response("secret")


urlpatterns = [
    path("t/<slug:tenant>/undeclared/", forgotten),
    path("unmarked/", forgotten),
    path("accounts/login/", forgotten, name="account_login"),
    path("api/v1/undeclared", Undeclared.as_view()),
    path("api/v1/other", Other.as_view()),
]
