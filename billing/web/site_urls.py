"""Pages of nobody in particular: open to everyone, the same for everyone."""

from django.urls import path

from billing.web.alert_link import alert_link
from billing.web.calculator import public_calculator
from billing.web.docs import api_docs
from billing.web.site import favicon, robots
from billing.web.styleguide import styleguide
from billing.web.week_mail import week_mail_link

urlpatterns = [
    path("api/docs/", api_docs, name="api_docs"),
    path("calculator/", public_calculator, name="public_calculator"),
    path("styleguide/", styleguide, name="styleguide"),
    path("acknowledge/<str:token>/", alert_link, name="alert_link"),
    path("weekly-mail/<str:token>/", week_mail_link, name="week_mail_link"),
    path("robots.txt", robots, name="robots"),
    path("favicon.ico", favicon, name="favicon"),
]
