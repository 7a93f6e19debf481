"""Pages about who may see what. The pages of spend are in billing/web/urls.py."""

from django.urls import path

from tenants.web.audit import audit, audit_csv
from tenants.web.invitation import invitation
from tenants.web.keys import keys, revoke
from tenants.web.members import (
    invitation_revoke,
    member,
    member_remove,
    people,
    second_factor,
)
from tenants.web.naming import client_new, project_new
from tenants.web.sessions import session_end, sessions
from tenants.web.start import start

urlpatterns = [
    path("", start, name="start"),
    path("accounts/sessions/", sessions, name="sessions"),
    path("accounts/sessions/<int:session>/end/", session_end, name="session_end"),
    path("t/<slug:tenant>/new-client/", client_new, name="client_new"),
    path("t/<slug:tenant>/new-project/", project_new, name="project_new"),
    path("t/<slug:tenant>/keys/", keys, name="keys"),
    path("t/<slug:tenant>/keys/<int:key>/revoke/", revoke, name="key_revoke"),
    path("invitations/<str:token>/", invitation, name="invitation"),
    path("t/<slug:tenant>/members/", people, name="members"),
    path("t/<slug:tenant>/members/<int:member>/", member, name="member"),
    path("t/<slug:tenant>/members/<int:member>/remove/", member_remove, name="member_remove"),
    path("t/<slug:tenant>/members/second-factor/", second_factor, name="second_factor"),
    path(
        "t/<slug:tenant>/invitations/<int:invitation>/revoke/",
        invitation_revoke,
        name="invitation_revoke",
    ),
    path("t/<slug:tenant>/audit/", audit, name="audit"),
    path("t/<slug:tenant>/audit.csv", audit_csv, name="audit_csv"),
]
