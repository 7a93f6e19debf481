"""Pages about who may see what. The pages of spend are in billing/web/urls.py."""

from django.urls import path

from tenants.web.audit import audit, audit_csv
from tenants.web.changing import client_archive, client_edit, project_archive, project_edit
from tenants.web.invitation import invitation
from tenants.web.keys import keys, revoke, rotate
from tenants.web.logos import client_logo, company_logo, logo
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
    path("t/<slug:tenant>/clients/<slug:client>/edit/", client_edit, name="client_edit"),
    path("t/<slug:tenant>/clients/<slug:client>/archive/", client_archive, name="client_archive"),
    path("t/<slug:tenant>/clients/<slug:client>/logo/", client_logo, name="client_logo"),
    path("t/<slug:tenant>/projects/<slug:project>/edit/", project_edit, name="project_edit"),
    path(
        "t/<slug:tenant>/projects/<slug:project>/archive/", project_archive, name="project_archive"
    ),
    path("t/<slug:tenant>/logo/", company_logo, name="company_logo"),
    path("t/<slug:tenant>/logos/<slug:digest>/", logo, name="logo"),
    path("t/<slug:tenant>/keys/", keys, name="keys"),
    path("t/<slug:tenant>/keys/<int:key>/rotate/", rotate, name="key_rotate"),
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
