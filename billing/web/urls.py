"""Pages of one tenant, below `t/<tenant>/`: each passes the page door (tenants/middleware.py)."""

from django.urls import path

from billing.web.clients import client_list, client_page
from billing.web.event import event_page
from billing.web.overview import overview
from billing.web.projects import project_events, project_list, project_page

urlpatterns = [
    path("", overview, name="overview"),
    path("clients/", client_list, name="clients"),
    path("clients/<slug:client>/", client_page, name="client"),
    path("projects/", project_list, name="projects"),
    path("projects/<slug:project>/", project_page, name="project"),
    path("projects/<slug:project>/events/", project_events, name="project_events"),
    path("event/", event_page, name="event"),
]
