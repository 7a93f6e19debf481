"""Pages about who may see what. The pages of spend are in billing/web/urls.py."""

from django.urls import path

from tenants.web.keys import keys, revoke
from tenants.web.naming import client_new, project_new
from tenants.web.start import start

urlpatterns = [
    path("", start, name="start"),
    path("t/<slug:tenant>/new-client/", client_new, name="client_new"),
    path("t/<slug:tenant>/new-project/", project_new, name="project_new"),
    path("t/<slug:tenant>/keys/", keys, name="keys"),
    path("t/<slug:tenant>/keys/<int:key>/revoke/", revoke, name="key_revoke"),
]
