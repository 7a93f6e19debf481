"""Every address of the product. A route without a row in tests/walls/test_routes.py fails the suite."""

from django.urls import include, path

from costtrack.health import livez, readyz
from costtrack.metrics import metrics
from costtrack.operate import operators
from costtrack.system import system
from tenants.accounts import closed

handler400 = "costtrack.errors.bad_request"
handler403 = "costtrack.errors.forbidden"
handler404 = "costtrack.errors.not_found"
handler500 = "costtrack.errors.server_error"

urlpatterns = [
    path("livez", livez),
    path("readyz", readyz),
    path("metrics", metrics),
    path("system/", system, name="system"),
    path("operate/", operators.urls),
    path("accounts/email/", closed),
    path("accounts/3rdparty/", closed),
    path("accounts/3rdparty/signup/", closed),
    path("accounts/", include("allauth.account.urls")),
    path("accounts/2fa/", include("allauth.mfa.urls")),
    path("accounts/3rdparty/", include("allauth.socialaccount.urls")),
    path("accounts/", include("allauth.socialaccount.providers.openid_connect.urls")),
    path("api/", include("billing.api.urls")),
    path("", include("billing.web.site_urls")),
    path("", include("tenants.web.urls")),
    path("t/<slug:tenant>/", include("billing.web.urls")),
]
