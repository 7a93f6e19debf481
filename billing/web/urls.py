"""Pages of one tenant, below `t/<tenant>/`: each passes the page door (tenants/middleware.py)."""

from django.urls import path

from billing.web import (
    alerts,
    budgets,
    channels,
    client_terms,
    deliveries,
    insight_list,
    prices,
    repricing,
    scenarios,
    terms,
    unpriced,
    what_if_runs,
)
from billing.web import settings as company
from billing.web.alarms import alarms
from billing.web.begin import begin
from billing.web.calculator import calculator
from billing.web.client_components import client_components
from billing.web.clients import client_list, client_page
from billing.web.event import event_page
from billing.web.explore import explore, explore_csv
from billing.web.explore_events import explore_events
from billing.web.insights import insight_caching
from billing.web.overview import overview
from billing.web.plans import plan_save, project_plan
from billing.web.projects import project_events, project_list, project_page
from billing.web.proposals import proposal_accept, proposal_list
from billing.web.statements import statement_list, statement_page
from billing.web.week_mail import week_mail
from billing.web.what_if import what_if_page

urlpatterns = [
    path("settings/", company.settings, name="settings"),
    path("settings/zone/", company.zone, name="settings_zone"),
    path("settings/retention/", company.retention, name="settings_retention"),
    path("start/", begin, name="begin"),
    path("budgets/", budgets.budget_list, name="budgets"),
    path("budgets/new/", budgets.budget_new, name="budget_new"),
    path("budgets/<int:budget>/", budgets.budget_page, name="budget"),
    path("budgets/<int:budget>/edit/", budgets.budget_edit, name="budget_edit"),
    path("budgets/<int:budget>/archive/", budgets.budget_archive, name="budget_archive"),
    path("alarms/", alarms, name="alarms"),
    path("alerts/", alerts.alert_list, name="alerts"),
    path("alerts/<int:alert>/", alerts.alert_page, name="alert"),
    path("alerts/<int:alert>/acknowledge/", alerts.alert_acknowledge, name="alert_acknowledge"),
    path("alerts/<int:alert>/snooze/", alerts.alert_snooze, name="alert_snooze"),
    path("", overview, name="overview"),
    path("clients/", client_list, name="clients"),
    path("clients/<slug:client>/", client_page, name="client"),
    path("clients/<slug:client>/statements/", statement_list, name="statements"),
    path("clients/<slug:client>/statements/<slug:month>/", statement_page, name="statement"),
    path("clients/<slug:client>/components/", client_components, name="client_components"),
    path("projects/", project_list, name="projects"),
    path("projects/<slug:project>/", project_page, name="project"),
    path("projects/<slug:project>/events/", project_events, name="project_events"),
    path("event/", event_page, name="event"),
    path("explore/", explore, name="explore"),
    path("explore.csv", explore_csv, name="explore_csv"),
    path("explore/events/", explore_events, name="explore_events"),
    path("calculator/", calculator, name="calculator"),
    path("calculator/save/", plan_save, name="plan_save"),
    path("projects/<slug:project>/plan/", project_plan, name="project_plan"),
    path("what-if/", what_if_page, name="what_if"),
    path("what-if/ask/", what_if_runs.what_if_ask, name="what_if_ask"),
    path("what-if/<int:run>/", what_if_runs.what_if_run, name="what_if_run"),
    path("what-if/<int:run>/stop/", what_if_runs.what_if_stop, name="what_if_stop"),
    path("what-if/<int:run>/resume/", what_if_runs.what_if_resume, name="what_if_resume"),
    path("scenarios/", scenarios.scenario_list, name="scenarios"),
    path("scenarios/new/", scenarios.scenario_new, name="scenario_new"),
    path("scenarios/<int:scenario>/", scenarios.scenario_page, name="scenario"),
    path("scenarios/<int:scenario>/edit/", scenarios.scenario_edit, name="scenario_edit"),
    path("scenarios/<int:scenario>/archive/", scenarios.scenario_archive, name="scenario_archive"),
    path("channels/", channels.channel_list, name="channels"),
    path("channels/new/<slug:kind>/", channels.channel_new, name="channel_new"),
    path("channels/<int:channel>/", channels.channel_page, name="channel"),
    path("channels/<int:channel>/test/", channels.channel_test, name="channel_test"),
    path("channels/<int:channel>/rotate/", channels.channel_rotate, name="channel_rotate"),
    path("channels/<int:channel>/off/", channels.channel_off, name="channel_off"),
    path("channels/<int:channel>/on/", channels.channel_on, name="channel_on"),
    path("channels/<int:channel>/archive/", channels.channel_archive, name="channel_archive"),
    path("deliveries/", deliveries.delivery_list, name="deliveries"),
    path("deliveries/<int:delivery>/", deliveries.delivery_page, name="delivery"),
    path("deliveries/<int:delivery>/again/", deliveries.delivery_again, name="delivery_again"),
    path("insights/", insight_list.insight_list, name="insights"),
    path("insights/answer/", insight_list.insight_answer, name="insight_answer"),
    path("insights/patience/", insight_list.insight_patience, name="insight_patience"),
    path("insights/again/", insight_list.insight_again, name="insight_again"),
    path("insights/breaks/", insight_list.insight_breaks, name="insight_breaks"),
    path("insights/tasks/", insight_list.insight_tasks, name="insight_tasks"),
    path("insights/caching/", insight_caching, name="insight_caching"),
    path("insights/mail/", week_mail, name="week_mail"),
    path("prices/", prices.price_list, name="prices"),
    path("prices/model/", prices.price_model, name="price_model"),
    path("prices/drift/", prices.price_drift, name="price_drift"),
    path("prices/new/", terms.price_new, name="price_new"),
    path("prices/<int:price>/close/", terms.price_close, name="price_close"),
    path("prices/discounts/", terms.discount_list, name="discounts"),
    path("prices/discounts/new/", terms.discount_new, name="discount_new"),
    path("prices/discounts/<int:discount>/close/", terms.discount_close, name="discount_close"),
    path("prices/unpriced/", unpriced.unpriced, name="unpriced"),
    path("clients/<slug:client>/prices/", client_terms.client_terms, name="client_terms"),
    path(
        "clients/<slug:client>/prices/<int:markup>/close/",
        client_terms.markup_close,
        name="markup_close",
    ),
    path("prices/repricings/", repricing.repricing_list, name="repricings"),
    path("prices/repricings/new/", repricing.repricing_new, name="repricing_new"),
    path("prices/repricings/<int:run>/", repricing.repricing_page, name="repricing"),
    path("prices/repricings/<int:run>/apply/", repricing.repricing_apply, name="repricing_apply"),
    path(
        "prices/repricings/<int:run>/cancel/", repricing.repricing_cancel, name="repricing_cancel"
    ),
    path("prices/proposals/", proposal_list, name="proposals"),
    path("prices/proposals/accept/", proposal_accept, name="proposal"),
]
