"""The table of pages: every address of the URL resolver but the API's (calls.py), and who may do what there.

A row for each gives the status for each person in PEOPLE; it is as long as there are pages. Acme's addresses
are asked: Ana owns it, Ada, Fay and Max are admin, finance and member of it, Vik is Globex's viewer,
Bo owns Brix, Sam belongs nowhere.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256

from billing.money import TOKEN_CLASSES
from tests.pictures import png

PEOPLE = ("anonymous", "sam", "ana", "ada", "fay", "max", "vik", "bo")

PUBLIC = "200 200 200 200 200 200 200 200"
SIGNED_IN = "302 200 200 200 200 200 200 200"
SIGNED_OUT = "200 302 302 302 302 302 302 302"
EVERYONE = "302 404 200 200 200 200 200 404"
STAFF = "302 404 200 200 200 200 403 404"
MANAGERS = "302 404 200 200 403 403 403 404"
FINANCE = "302 404 200 200 200 403 403 404"
NOBODY = "302 404 404 404 404 404 404 404"
NO_VIEWER = "302 404 404 404 404 404 403 404"
OWN_ALERT = "302 404 200 200 200 404 403 404"
"""Max is a member who answers for none of them."""
NO_MANAGER = "302 404 404 404 403 403 403 404"
NO_FINANCE = "302 404 404 404 404 403 403 404"


@dataclass(frozen=True)
class Page:
    pattern: str
    path: str
    statuses: str
    method: str = "GET"
    data: dict[str, object] = field(default_factory=dict)

    @property
    def expected(self) -> dict[str, int]:
        return dict(zip(PEOPLE, map(int, self.statuses.split()), strict=True))


def done(allowed: str, status: int) -> str:
    """The same people may, and what they get is this status."""
    return allowed.replace("200", str(status))


def logo(whose: str) -> str:
    """Where Acme's addresses would have a logo of the twin data."""
    return f"/t/acme/logos/{sha256(png(whose)).hexdigest()}/"


MONTH = f"{datetime.now(UTC):%Y-%m}"
T = "t/<slug:tenant>/"
COMPONENTS = "clients/<slug:client>/components/"
EDIT_CLIENT, EDIT_PROJECT = "clients/<slug:client>/edit/", "projects/<slug:project>/edit/"
DAY = "since=2026-11-20T00:00:00Z&until=2026-11-21T00:00:00Z"
LISTED = "provider=openai&model=gpt-listed"
UNLISTED = ("cache_write_5m", "cache_write_1h", "cache_read", "web_search")
BUDGET_FORM = {
    "name": "new",
    "counts": "client:globex",
    "amount": "5",
    "period": "week",
    "owner": "ana@acme.test",
    "thresholds": "50, 80, 100",
    "escalate_after_hours": "24",
}
PRICE_FORM = dict.fromkeys(TOKEN_CLASSES, "1") | {
    "provider": "own",
    "model": "llama",
    "since": "2026-01-01",
    "source": "contract",
    "checked_on": "2026-01-01",
    "speed": "standard",
    "over_prompt_tokens": "0",
}
ONE_RUN = "what-if/<int:run>/"
ONE_SCENARIO = "scenarios/<int:scenario>/"
SCENARIO_FORM = {
    "name": "new",
    "prices-TOTAL_FORMS": "1",
    "prices-INITIAL_FORMS": "0",
    "prices-0-since": "2099-01-01",
    "prices-0-of": "everything",
    "prices-0-per_cent": "-50",
    "growth-TOTAL_FORMS": "0",
    "growth-INITIAL_FORMS": "0",
}
ALARM_FORM = {"spike_floor": "5", "silence_floor": "5", "new_model_floor": "5"}
PAGES = [
    Page("livez", "/livez", PUBLIC),
    Page("readyz", "/readyz", PUBLIC),
    Page("metrics", "/metrics", done(PUBLIC, 404)),
    Page("system/", "/system/", done(PUBLIC, 404)),
    Page("robots.txt", "/robots.txt", PUBLIC),
    Page("favicon.ico", "/favicon.ico", done(PUBLIC, 302)),
    Page("styleguide/", "/styleguide/", PUBLIC),
    Page("calculator/", "/calculator/", PUBLIC),
    Page("calculator/", "/calculator/?turns=no", done(PUBLIC, 422)),
    Page(T + "calculator/", "/t/acme/calculator/", STAFF),
    Page(
        T + "calculator/save/",
        "/t/acme/calculator/save/",
        done(FINANCE, 302),
        "POST",
        {"project": "support-bot", "plan": "turns=3"},
    ),
    Page(
        T + "calculator/save/",
        "/t/acme/calculator/save/",
        NO_FINANCE,
        "POST",
        {"project": "secret-brix", "plan": "turns=3"},
    ),
    Page(T + "projects/<slug:project>/plan/", "/t/acme/projects/support-bot/plan/", STAFF),
    Page(T + "projects/<slug:project>/plan/", "/t/acme/projects/secret-brix/plan/", NO_VIEWER),
    Page(T + "what-if/", "/t/acme/what-if/?per_cent=-50", STAFF),
    Page(T + "what-if/", "/t/acme/what-if/?per_cent=half", done(STAFF, 422)),
    Page(
        T + "what-if/ask/",
        "/t/acme/what-if/ask/",
        done(STAFF, 302),
        "POST",
        {"per_cent": "-50", "since": "2026-11-01", "until": "2026-11-03"},
    ),
    Page(T + ONE_RUN, "/t/acme/what-if/{acme_question}/", STAFF),
    Page(T + ONE_RUN, "/t/acme/what-if/{brix_question}/", NO_VIEWER),
    Page(T + ONE_RUN + "stop/", "/t/acme/what-if/{acme_question}/stop/", done(STAFF, 302), "POST"),
    Page(T + ONE_RUN + "stop/", "/t/acme/what-if/{brix_question}/stop/", NO_VIEWER, "POST"),
    Page(
        T + ONE_RUN + "resume/",
        "/t/acme/what-if/{acme_question}/resume/",
        done(STAFF, 302),
        "POST",
    ),
    Page(T + ONE_RUN + "resume/", "/t/acme/what-if/{brix_question}/resume/", NO_VIEWER, "POST"),
    Page(T + "scenarios/", "/t/acme/scenarios/", STAFF),
    Page(T + "scenarios/new/", "/t/acme/scenarios/new/", FINANCE),
    Page(T + "scenarios/new/", "/t/acme/scenarios/new/", done(FINANCE, 302), "POST", SCENARIO_FORM),
    Page(T + ONE_SCENARIO, "/t/acme/scenarios/{acme_scenario}/", STAFF),
    Page(T + ONE_SCENARIO, "/t/acme/scenarios/{brix_scenario}/", NO_VIEWER),
    Page(T + ONE_SCENARIO + "edit/", "/t/acme/scenarios/{acme_scenario}/edit/", FINANCE),
    Page(T + ONE_SCENARIO + "edit/", "/t/acme/scenarios/{brix_scenario}/edit/", NO_FINANCE),
    Page(
        T + ONE_SCENARIO + "edit/",
        "/t/acme/scenarios/{acme_scenario}/edit/",
        done(FINANCE, 302),
        "POST",
        SCENARIO_FORM,
    ),
    Page(
        T + ONE_SCENARIO + "archive/",
        "/t/acme/scenarios/{acme_scenario}/archive/",
        done(FINANCE, 302),
        "POST",
    ),
    Page(
        T + ONE_SCENARIO + "archive/",
        "/t/acme/scenarios/{brix_scenario}/archive/",
        NO_FINANCE,
        "POST",
    ),
    Page(T + "budgets/", "/t/acme/budgets/?scenario={acme_scenario}", EVERYONE),
    Page("api/docs/", "/api/docs/", PUBLIC),
    Page("api/v1/openapi.json", "/api/v1/openapi.json", PUBLIC),
    Page("", "/", "302 200 302 302 302 302 302 302"),
    Page(T, "/t/acme/", "302 404 200 200 200 200 302 404"),
    Page(
        T + "projects/<slug:project>/",
        "/t/acme/projects/support-bot/?range=nonsense",
        done(EVERYONE, 422),
    ),
    Page(T, "/t/no-such-company/", NOBODY),
    Page(T + "settings/", "/t/acme/settings/", MANAGERS),
    Page(
        T + "settings/",
        "/t/acme/settings/",
        done(MANAGERS, 302),
        "POST",
        {"name": "Acme & Co", "week_starts_on": "7"},
    ),
    Page(
        T + "settings/zone/",
        "/t/acme/settings/zone/",
        done(MANAGERS, 302),
        "POST",
        {"timezone": "Asia/Tokyo"},
    ),
    Page(T + "settings/retention/", "/t/acme/settings/retention/?months=12", MANAGERS),
    Page(
        T + "settings/retention/",
        "/t/acme/settings/retention/",
        done(MANAGERS, 302),
        "POST",
        {"months": "12", "sure": "yes"},
    ),
    Page(T + "start/", "/t/acme/start/", STAFF),
    Page(T + "start/", "/t/acme/start/", done(MANAGERS, 201), "POST"),
    Page(T + "clients/", "/t/acme/clients/", STAFF),
    Page(T + "clients/<slug:client>/", "/t/acme/clients/globex/", EVERYONE),
    Page(
        T + "clients/<slug:client>/", "/t/acme/clients/initech/", "302 404 200 200 200 200 404 404"
    ),
    Page(T + "clients/<slug:client>/", "/t/acme/clients/only-brix/", NOBODY),
    Page(
        T + "clients/<slug:client>/", "/t/brix/clients/globex/", "302 404 404 404 404 404 404 200"
    ),
    *(
        Page(T + "clients/<slug:client>/statements/" + one, path + more, statuses)
        for one, more in (("", ""), ("<slug:month>/", f"{MONTH}/"))
        for path, statuses in (
            ("/t/acme/clients/globex/statements/", EVERYONE),
            ("/t/acme/clients/initech/statements/", "302 404 200 200 200 200 404 404"),
            ("/t/acme/clients/only-brix/statements/", NOBODY),
        )
    ),
    Page(
        T + "clients/<slug:client>/statements/<slug:month>/",
        "/t/acme/clients/globex/statements/2999-01/",
        NOBODY,
    ),
    Page(T + COMPONENTS, "/t/acme/clients/globex/components/", EVERYONE),
    Page(T + COMPONENTS, "/t/acme/clients/initech/components/", "302 404 200 200 200 200 404 404"),
    Page(T + COMPONENTS, "/t/acme/clients/only-brix/components/", NOBODY),
    Page(T + EDIT_CLIENT, "/t/acme/clients/globex/edit/", MANAGERS),
    Page(T + EDIT_CLIENT, "/t/acme/clients/only-brix/edit/", NO_MANAGER),
    Page(
        T + EDIT_CLIENT,
        "/t/acme/clients/globex/edit/",
        done(MANAGERS, 302),
        "POST",
        {"name": "Other", "owner": "max@acme.test"},
    ),
    Page(
        T + EDIT_CLIENT,
        "/t/acme/clients/globex/edit/",
        done(MANAGERS, 422),
        "POST",
        {"name": "Other", "owner": "bo@brix.test"},
    ),
    Page(
        T + "clients/<slug:client>/archive/",
        "/t/acme/clients/globex/archive/",
        done(MANAGERS, 302),
        "POST",
    ),
    Page(
        T + "clients/<slug:client>/archive/",
        "/t/acme/clients/only-brix/archive/",
        NO_MANAGER,
        "POST",
    ),
    Page(
        T + "clients/<slug:client>/logo/",
        "/t/acme/clients/globex/logo/",
        done(MANAGERS, 302),
        "POST",
        {"remove": "yes"},
    ),
    Page(T + "clients/<slug:client>/logo/", "/t/acme/clients/only-brix/logo/", NO_MANAGER, "POST"),
    Page(T + EDIT_PROJECT, "/t/acme/projects/support-bot/edit/", MANAGERS),
    Page(T + EDIT_PROJECT, "/t/acme/projects/secret-brix/edit/", NO_MANAGER),
    Page(
        T + EDIT_PROJECT,
        "/t/acme/projects/support-bot/edit/",
        done(MANAGERS, 302),
        "POST",
        {"name": "Other", "owner": "max@acme.test"},
    ),
    Page(
        T + "projects/<slug:project>/archive/",
        "/t/acme/projects/support-bot/archive/",
        done(MANAGERS, 302),
        "POST",
    ),
    Page(
        T + "projects/<slug:project>/archive/",
        "/t/acme/projects/secret-brix/archive/",
        NO_MANAGER,
        "POST",
    ),
    Page(T + "logo/", "/t/acme/logo/", MANAGERS),
    Page(T + "logo/", "/t/acme/logo/", done(MANAGERS, 302), "POST", {"remove": "yes"}),
    Page(T + "logos/<slug:digest>/", logo("acme"), EVERYONE),
    Page(T + "logos/<slug:digest>/", logo("globex-acme"), EVERYONE),
    Page(T + "logos/<slug:digest>/", logo("initech-acme"), "302 404 200 200 200 200 404 404"),
    Page(T + "logos/<slug:digest>/", logo("brix"), NOBODY),
    Page(T + "logos/<slug:digest>/", logo("globex-brix"), NOBODY),
    Page(T + "projects/", "/t/acme/projects/", STAFF),
    Page(T + "projects/<slug:project>/", "/t/acme/projects/support-bot/", EVERYONE),
    Page(
        T + "projects/<slug:project>/",
        "/t/acme/projects/contract-agent/",
        "302 404 200 200 200 200 404 404",
    ),
    Page(T + "projects/<slug:project>/", "/t/acme/projects/secret-brix/", NOBODY),
    Page(T + "projects/<slug:project>/events/", "/t/acme/projects/support-bot/events/", STAFF),
    Page(T + "projects/<slug:project>/events/", "/t/acme/projects/secret-brix/events/", NO_VIEWER),
    Page(T + "event/", "/t/acme/event/?source=source-globex-acme&id=e-1", STAFF),
    Page(T + "event/", "/t/acme/event/?source=source-globex-brix&id=e-1", NO_VIEWER),
    Page(T + "explore/", "/t/acme/explore/?range=90d&group_by=client,model", STAFF),
    Page(T + "explore/", "/t/acme/explore/?range=90d&group_by=feature&granularity=day", STAFF),
    Page(T + "explore/", "/t/acme/explore/?client=only-brix", STAFF),
    Page(T + "explore/", "/t/acme/explore/?group_by=colour", done(STAFF, 422)),
    Page(T + "explore.csv", "/t/acme/explore.csv?range=90d&group_by=client,api_key", STAFF),
    Page(T + "explore/events/", f"/t/acme/explore/events/?{DAY}", STAFF),
    Page(T + "explore/events/", "/t/acme/explore/events/", NO_VIEWER),
    Page(T + "channels/", "/t/acme/channels/", FINANCE),
    Page(T + "channels/new/<slug:kind>/", "/t/acme/channels/new/slack/", FINANCE),
    Page(T + "channels/new/<slug:kind>/", "/t/acme/channels/new/pigeon/", NO_FINANCE),
    Page(
        T + "channels/new/<slug:kind>/",
        "/t/acme/channels/new/webhook/",
        done(FINANCE, 201),
        "POST",
        {"name": "Bot", "target": "https://example.com/hook"},
    ),
    Page(
        T + "channels/new/<slug:kind>/",
        "/t/acme/channels/new/webhook/",
        done(FINANCE, 422),
        "POST",
        {"name": "Bot", "target": "http://169.254.169.254/"},
    ),
    Page(T + "channels/<int:channel>/", "/t/acme/channels/{acme_channel}/", FINANCE),
    Page(T + "channels/<int:channel>/", "/t/acme/channels/{brix_channel}/", NO_FINANCE),
    Page(
        T + "channels/<int:channel>/test/",
        "/t/acme/channels/{acme_channel}/test/",
        done(FINANCE, 302),
        "POST",
    ),
    Page(
        T + "channels/<int:channel>/test/",
        "/t/acme/channels/{brix_channel}/test/",
        NO_FINANCE,
        "POST",
    ),
    Page(
        T + "channels/<int:channel>/off/",
        "/t/acme/channels/{acme_channel}/off/",
        done(FINANCE, 302),
        "POST",
    ),
    Page(
        T + "channels/<int:channel>/off/",
        "/t/acme/channels/{brix_channel}/off/",
        NO_FINANCE,
        "POST",
    ),
    Page(
        T + "channels/<int:channel>/on/",
        "/t/acme/channels/{acme_channel}/on/",
        done(FINANCE, 302),
        "POST",
    ),
    Page(
        T + "channels/<int:channel>/on/", "/t/acme/channels/{brix_channel}/on/", NO_FINANCE, "POST"
    ),
    Page(
        T + "channels/<int:channel>/archive/",
        "/t/acme/channels/{acme_channel}/archive/",
        done(FINANCE, 302),
        "POST",
    ),
    Page(
        T + "channels/<int:channel>/archive/",
        "/t/acme/channels/{brix_channel}/archive/",
        NO_FINANCE,
        "POST",
    ),
    Page(
        T + "channels/<int:channel>/rotate/",
        "/t/acme/channels/{acme_channel}/rotate/",
        NO_FINANCE,
        "POST",
    ),
    Page(
        T + "channels/<int:channel>/rotate/",
        "/t/acme/channels/{brix_channel}/rotate/",
        NO_FINANCE,
        "POST",
    ),
    Page(T + "deliveries/", "/t/acme/deliveries/", FINANCE),
    Page(T + "deliveries/<int:delivery>/", "/t/acme/deliveries/{acme_delivery}/", FINANCE),
    Page(T + "deliveries/<int:delivery>/", "/t/acme/deliveries/{brix_delivery}/", NO_FINANCE),
    Page(
        T + "deliveries/<int:delivery>/again/",
        "/t/acme/deliveries/{acme_delivery}/again/",
        done(FINANCE, 302),
        "POST",
    ),
    Page(
        T + "deliveries/<int:delivery>/again/",
        "/t/acme/deliveries/{brix_delivery}/again/",
        NO_FINANCE,
        "POST",
    ),
    Page(T + "budgets/", "/t/acme/budgets/", EVERYONE),
    Page(T + "budgets/new/", "/t/acme/budgets/new/", FINANCE),
    Page(T + "budgets/new/", "/t/acme/budgets/new/", done(FINANCE, 302), "POST", BUDGET_FORM),
    Page(
        T + "budgets/new/",
        "/t/acme/budgets/new/",
        done(FINANCE, 422),
        "POST",
        BUDGET_FORM | {"counts": "project:secret-brix"},
    ),
    Page(
        T + "budgets/<int:budget>/",
        "/t/acme/budgets/{acme_budget}/",
        "302 404 200 200 200 404 200 404",
    ),
    Page(
        T + "budgets/<int:budget>/",
        "/t/acme/budgets/{acme_hidden}/",
        "302 404 200 200 200 404 404 404",
    ),
    Page(T + "budgets/<int:budget>/", "/t/acme/budgets/{brix_budget}/", NOBODY),
    Page(T + "budgets/<int:budget>/edit/", "/t/acme/budgets/{acme_budget}/edit/", FINANCE),
    Page(T + "budgets/<int:budget>/edit/", "/t/acme/budgets/{brix_budget}/edit/", NO_FINANCE),
    Page(
        T + "budgets/<int:budget>/edit/",
        "/t/acme/budgets/{acme_budget}/edit/",
        done(FINANCE, 302),
        "POST",
        BUDGET_FORM,
    ),
    Page(
        T + "budgets/<int:budget>/archive/",
        "/t/acme/budgets/{acme_budget}/archive/",
        done(FINANCE, 302),
        "POST",
    ),
    Page(
        T + "budgets/<int:budget>/archive/",
        "/t/acme/budgets/{brix_budget}/archive/",
        NO_FINANCE,
        "POST",
    ),
    Page(T + "alarms/", "/t/acme/alarms/", FINANCE),
    Page(T + "alarms/", "/t/acme/alarms/", done(FINANCE, 302), "POST", ALARM_FORM),
    Page(T + "alarms/", "/t/acme/alarms/", done(FINANCE, 422), "POST", {"spike_floor": "-1"}),
    Page(T + "alerts/", "/t/acme/alerts/", STAFF),
    Page(T + "alerts/<int:alert>/", "/t/acme/alerts/{acme_alert}/", OWN_ALERT),
    Page(T + "alerts/<int:alert>/", "/t/acme/alerts/{brix_alert}/", NO_VIEWER),
    Page(
        T + "alerts/<int:alert>/acknowledge/",
        "/t/acme/alerts/{acme_alert}/acknowledge/",
        done(OWN_ALERT, 302),
        "POST",
    ),
    Page(
        T + "alerts/<int:alert>/acknowledge/",
        "/t/acme/alerts/{brix_alert}/acknowledge/",
        NO_VIEWER,
        "POST",
    ),
    Page(
        T + "alerts/<int:alert>/snooze/",
        "/t/acme/alerts/{acme_alert}/snooze/",
        done(OWN_ALERT, 302),
        "POST",
    ),
    Page(
        T + "alerts/<int:alert>/snooze/",
        "/t/acme/alerts/{brix_alert}/snooze/",
        NO_VIEWER,
        "POST",
    ),
    Page("acknowledge/<str:token>/", "/acknowledge/forged/", done(PUBLIC, 404)),
    Page("acknowledge/<str:token>/", "/acknowledge/forged/", done(PUBLIC, 404), "POST"),
    Page("acknowledge/<str:token>/", "/acknowledge/{acme_link}/", PUBLIC),
    Page("acknowledge/<str:token>/", "/acknowledge/{acme_link}/", PUBLIC, "POST"),
    Page("weekly-mail/<str:token>/", "/weekly-mail/forged/", done(PUBLIC, 404)),
    Page("weekly-mail/<str:token>/", "/weekly-mail/forged/", done(PUBLIC, 404), "POST"),
    Page("weekly-mail/<str:token>/", "/weekly-mail/{acme_week_link}/", PUBLIC),
    Page("weekly-mail/<str:token>/", "/weekly-mail/{acme_week_link}/", PUBLIC, "POST"),
    Page(T + "keys/", "/t/acme/keys/", MANAGERS),
    Page(
        T + "keys/",
        "/t/acme/keys/",
        done(MANAGERS, 201),
        "POST",
        {"name": "new", "scopes": ["read"], "project": "support-bot"},
    ),
    Page(
        T + "keys/",
        "/t/acme/keys/",
        done(MANAGERS, 422),
        "POST",
        {"name": "new", "scopes": ["read"], "project": "secret-brix"},
    ),
    Page(
        T + "keys/<int:key>/rotate/",
        "/t/acme/keys/{acme_key}/rotate/",
        done(MANAGERS, 201),
        "POST",
        {"overlap_hours": "24"},
    ),
    Page(
        T + "keys/<int:key>/rotate/",
        "/t/acme/keys/{brix_key}/rotate/",
        NO_MANAGER,
        "POST",
        {"overlap_hours": "24"},
    ),
    Page(
        T + "keys/<int:key>/revoke/", "/t/acme/keys/{acme_key}/revoke/", done(MANAGERS, 302), "POST"
    ),
    Page(T + "keys/<int:key>/revoke/", "/t/acme/keys/{brix_key}/revoke/", NO_MANAGER, "POST"),
    Page(T + "prices/", "/t/acme/prices/", STAFF),
    Page(T + "prices/drift/", "/t/acme/prices/drift/", STAFF),
    Page(T + "prices/model/", "/t/acme/prices/model/?model=claude-sonnet-4-6", STAFF),
    Page(T + "prices/model/", "/t/acme/prices/model/?model=model-acme", STAFF),
    Page(T + "prices/model/", "/t/acme/prices/model/?model=model-brix", NO_VIEWER),
    Page(T + "prices/new/", "/t/acme/prices/new/?model=model-acme", FINANCE),
    Page(T + "prices/new/", "/t/acme/prices/new/", done(FINANCE, 302), "POST", PRICE_FORM),
    Page(T + "prices/new/", "/t/acme/prices/new/", done(FINANCE, 422), "POST", {"model": "x"}),
    Page(T + "prices/<int:price>/close/", "/t/acme/prices/{acme_price}/close/", FINANCE),
    Page(
        T + "prices/<int:price>/close/",
        "/t/acme/prices/{acme_price}/close/",
        done(FINANCE, 302),
        "POST",
        {"until": "2099-01-01"},
    ),
    Page(T + "prices/<int:price>/close/", "/t/acme/prices/{brix_price}/close/", NO_FINANCE),
    Page(T + "prices/discounts/", "/t/acme/prices/discounts/", STAFF),
    Page(T + "prices/discounts/new/", "/t/acme/prices/discounts/new/", FINANCE),
    Page(
        T + "prices/discounts/new/",
        "/t/acme/prices/discounts/new/",
        done(FINANCE, 302),
        "POST",
        {"provider": "anthropic", "percent": "5", "since": "2026-01-01"},
    ),
    Page(
        T + "prices/discounts/<int:discount>/close/",
        "/t/acme/prices/discounts/{acme_discount}/close/",
        FINANCE,
    ),
    Page(
        T + "prices/discounts/<int:discount>/close/",
        "/t/acme/prices/discounts/{acme_discount}/close/",
        done(FINANCE, 302),
        "POST",
        {"until": "2099-01-01"},
    ),
    Page(
        T + "prices/discounts/<int:discount>/close/",
        "/t/acme/prices/discounts/{brix_discount}/close/",
        NO_FINANCE,
    ),
    Page(T + "insights/", "/t/acme/insights/", STAFF),
    Page(T + "insights/breaks/", "/t/acme/insights/breaks/", STAFF),
    Page(T + "insights/tasks/", "/t/acme/insights/tasks/", STAFF),
    Page(T + "insights/again/", "/t/acme/insights/again/", done(FINANCE, 302), "POST"),
    Page(
        T + "insights/answer/",
        "/t/acme/insights/answer/",
        done(FINANCE, 302),
        "POST",
        {"insight": "idle:1:staging", "state": "done"},
    ),
    Page(
        T + "insights/patience/",
        "/t/acme/insights/patience/",
        done(FINANCE, 302),
        "POST",
        {"dimension": "feature", "value": "reports", "wait": "1"},
    ),
    Page(T + "insights/caching/", "/t/acme/insights/caching/", STAFF),
    Page(T + "insights/mail/", "/t/acme/insights/mail/", STAFF),
    Page(T + "insights/mail/", "/t/acme/insights/mail/", "302 404 302 403 403 403 403 404", "POST"),
    Page(T + "prices/unpriced/", "/t/acme/prices/unpriced/", STAFF),
    Page(T + "clients/<slug:client>/prices/", "/t/acme/clients/globex/prices/", FINANCE),
    Page(
        T + "clients/<slug:client>/prices/",
        "/t/acme/clients/globex/prices/",
        done(FINANCE, 302),
        "POST",
        {"price_view": "hidden"},
    ),
    Page(T + "clients/<slug:client>/prices/", "/t/acme/clients/only-brix/prices/", NO_FINANCE),
    Page(
        T + "clients/<slug:client>/prices/<int:markup>/close/",
        "/t/acme/clients/globex/prices/{acme_markup}/close/",
        FINANCE,
    ),
    Page(
        T + "clients/<slug:client>/prices/<int:markup>/close/",
        "/t/acme/clients/globex/prices/{acme_markup}/close/",
        done(FINANCE, 302),
        "POST",
        {"until": "2099-01-01"},
    ),
    Page(
        T + "clients/<slug:client>/prices/<int:markup>/close/",
        "/t/acme/clients/globex/prices/{brix_markup}/close/",
        NO_FINANCE,
    ),
    Page(T + "new-client/", "/t/acme/new-client/", MANAGERS),
    Page(
        T + "new-client/",
        "/t/acme/new-client/",
        done(MANAGERS, 302),
        "POST",
        {"name": "Only at brix", "slug": "only-brix"},
    ),
    Page(T + "new-project/", "/t/acme/new-project/", MANAGERS),
    Page(
        T + "new-project/",
        "/t/acme/new-project/",
        done(MANAGERS, 302),
        "POST",
        {"name": "New", "slug": "new", "client": "globex"},
    ),
    Page(
        T + "new-project/",
        "/t/acme/new-project/",
        done(MANAGERS, 422),
        "POST",
        {"name": "New", "slug": "new", "client": "only-brix"},
    ),
    Page(T + "prices/repricings/", "/t/acme/prices/repricings/", FINANCE),
    Page(T + "prices/repricings/new/", "/t/acme/prices/repricings/new/", FINANCE),
    Page(
        T + "prices/repricings/new/",
        "/t/acme/prices/repricings/new/",
        done(FINANCE, 302),
        "POST",
        {"since": "2026-11-01", "last": "2026-11-02", "reason": "test"},
    ),
    Page(
        T + "prices/repricings/<int:run>/", "/t/acme/prices/repricings/{acme_repricing}/", FINANCE
    ),
    Page(
        T + "prices/repricings/<int:run>/",
        "/t/acme/prices/repricings/{brix_repricing}/",
        NO_FINANCE,
    ),
    *(
        Page(
            T + f"prices/repricings/<int:run>/{verb}/",
            f"/t/acme/prices/repricings/{{{whose}_repricing}}/{verb}/",
            statuses,
            "POST",
        )
        for verb in ("apply", "cancel")
        for whose, statuses in (("acme", done(FINANCE, 302)), ("brix", NO_FINANCE))
    ),
    Page(T + "prices/proposals/", "/t/acme/prices/proposals/", FINANCE),
    Page(T + "prices/proposals/accept/", f"/t/acme/prices/proposals/accept/?{LISTED}", FINANCE),
    Page(
        T + "prices/proposals/accept/",
        f"/t/acme/prices/proposals/accept/?{LISTED}",
        done(FINANCE, 302),
        "POST",
        {"name": "gpt-listed", "since": "2026-11-01"} | dict.fromkeys(UNLISTED, "0"),
    ),
    Page("accounts/login/", "/accounts/login/", SIGNED_OUT),
    Page("accounts/logout/", "/accounts/logout/", SIGNED_IN),
    Page("accounts/logout/", "/accounts/logout/", done(PUBLIC, 302), "POST"),
    Page("accounts/signup/", "/accounts/signup/", SIGNED_OUT),
    Page("accounts/inactive/", "/accounts/inactive/", PUBLIC),
    Page("accounts/reauthenticate/", "/accounts/reauthenticate/", SIGNED_IN),
    Page("accounts/email/", "/accounts/email/", done(PUBLIC, 404)),
    Page("accounts/email/", "/accounts/email/", done(PUBLIC, 404), "POST"),
    Page("accounts/confirm-email/", "/accounts/confirm-email/", PUBLIC),
    Page(r"accounts/^confirm-email/(?P<key>[-:\w]+)/$", "/accounts/confirm-email/x/", PUBLIC),
    Page("accounts/password/change/", "/accounts/password/change/", SIGNED_IN),
    Page("accounts/password/set/", "/accounts/password/set/", done(PUBLIC, 302)),
    Page("accounts/password/reset/", "/accounts/password/reset/", PUBLIC),
    Page("accounts/password/reset/done/", "/accounts/password/reset/done/", PUBLIC),
    Page("accounts/password/reset/key/done/", "/accounts/password/reset/key/done/", PUBLIC),
    Page(
        r"accounts/^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        "/accounts/password/reset/key/1-x/",
        PUBLIC,
    ),
    Page("accounts/login/code/confirm/", "/accounts/login/code/confirm/", done(PUBLIC, 302)),
    Page("accounts/login/code/", "/accounts/login/code/", SIGNED_OUT),
    Page("accounts/sessions/", "/accounts/sessions/", SIGNED_IN),
    Page("accounts/sessions/", "/accounts/sessions/", done(PUBLIC, 302), "POST"),
    Page(
        "accounts/sessions/<int:session>/end/",
        "/accounts/sessions/999999/end/",
        done(SIGNED_IN, 404),
        "POST",
    ),
    Page("accounts/2fa/", "/accounts/2fa/", SIGNED_IN),
    Page("accounts/2fa/authenticate/", "/accounts/2fa/authenticate/", done(PUBLIC, 302)),
    Page("accounts/2fa/reauthenticate/", "/accounts/2fa/reauthenticate/", done(PUBLIC, 302)),
    Page("accounts/2fa/totp/activate/", "/accounts/2fa/totp/activate/", done(PUBLIC, 302)),
    Page("accounts/2fa/totp/deactivate/", "/accounts/2fa/totp/deactivate/", done(SIGNED_IN, 404)),
    Page("accounts/2fa/recovery-codes/", "/accounts/2fa/recovery-codes/", done(SIGNED_IN, 404)),
    Page(
        "accounts/2fa/recovery-codes/generate/",
        "/accounts/2fa/recovery-codes/generate/",
        done(PUBLIC, 302),
    ),
    Page(
        "accounts/2fa/recovery-codes/download/",
        "/accounts/2fa/recovery-codes/download/",
        done(SIGNED_IN, 404),
    ),
    Page("accounts/2fa/webauthn/", "/accounts/2fa/webauthn/", SIGNED_IN),
    Page("accounts/2fa/webauthn/add/", "/accounts/2fa/webauthn/add/", done(PUBLIC, 302)),
    Page("accounts/2fa/webauthn/login/", "/accounts/2fa/webauthn/login/", done(PUBLIC, 302)),
    Page(
        "accounts/2fa/webauthn/reauthenticate/",
        "/accounts/2fa/webauthn/reauthenticate/",
        done(PUBLIC, 302),
    ),
    Page(
        "accounts/2fa/webauthn/keys/<int:pk>/remove/",
        "/accounts/2fa/webauthn/keys/1/remove/",
        done(PUBLIC, 302),
    ),
    Page(
        "accounts/2fa/webauthn/keys/<int:pk>/edit/",
        "/accounts/2fa/webauthn/keys/1/edit/",
        done(PUBLIC, 302),
    ),
    Page("accounts/3rdparty/", "/accounts/3rdparty/", done(PUBLIC, 404)),
    Page("accounts/3rdparty/signup/", "/accounts/3rdparty/signup/", done(PUBLIC, 404)),
    Page("accounts/3rdparty/login/cancelled/", "/accounts/3rdparty/login/cancelled/", PUBLIC),
    Page("accounts/3rdparty/login/error/", "/accounts/3rdparty/login/error/", done(SIGNED_IN, 401)),
    Page(
        "accounts/oidc/^(?P<provider_id>[^/]+)/login/",
        "/accounts/oidc/company/login/",
        done(PUBLIC, 404),
    ),
    Page(
        "accounts/oidc/^(?P<provider_id>[^/]+)/login/callback/",
        "/accounts/oidc/company/login/callback/",
        done(PUBLIC, 404),
    ),
    Page("operate/", "/operate/", done(PUBLIC, 404)),
    Page("operate/companies/", "/operate/companies/", done(PUBLIC, 404)),
    Page("operate/companies/<slug:company>/", "/operate/companies/acme/", done(PUBLIC, 404)),
    Page("operate/jsi18n/", "/operate/jsi18n/", done(PUBLIC, 404)),
    Page("operate/tenants/user/", "/operate/tenants/user/", done(PUBLIC, 404)),
    Page("operate/tenants/user/add/", "/operate/tenants/user/add/", done(PUBLIC, 404)),
    Page(
        "operate/tenants/user/<path:object_id>/history/",
        "/operate/tenants/user/1/history/",
        done(PUBLIC, 404),
    ),
    Page(
        "operate/tenants/user/<path:object_id>/delete/",
        "/operate/tenants/user/1/delete/",
        done(PUBLIC, 404),
    ),
    Page(
        "operate/tenants/user/<path:object_id>/change/",
        "/operate/tenants/user/1/change/",
        done(PUBLIC, 404),
    ),
    Page("operate/tenants/user/<path:object_id>/", "/operate/tenants/user/1/", done(PUBLIC, 404)),
    Page("operate/^(?P<app_label>tenants)/$", "/operate/tenants/", done(PUBLIC, 404)),
    Page("invitations/<str:token>/", "/invitations/x/", done(PUBLIC, 404)),
    Page("invitations/<str:token>/", "/invitations/x/", done(PUBLIC, 404), "POST"),
    Page(T + "members/", "/t/acme/members/", MANAGERS),
    Page(
        T + "members/",
        "/t/acme/members/",
        done(MANAGERS, 201),
        "POST",
        {"email": "new@new.test", "role": "client", "client": "globex"},
    ),
    Page(
        T + "members/",
        "/t/acme/members/",
        done(MANAGERS, 422),
        "POST",
        {"email": "new@new.test", "role": "client", "client": "only-brix"},
    ),
    Page(T + "members/<int:member>/", "/t/acme/members/{acme_member}/", MANAGERS),
    Page(T + "members/<int:member>/", "/t/acme/members/{brix_member}/", NO_MANAGER),
    Page(
        T + "members/<int:member>/",
        "/t/acme/members/{acme_member}/",
        done(MANAGERS, 422),  # the last owner
        "POST",
        {"role": "member"},
    ),
    Page(
        T + "members/<int:member>/",
        "/t/acme/members/{brix_member}/",
        NO_MANAGER,
        "POST",
        {"role": "member"},
    ),
    Page(
        T + "members/<int:member>/remove/",
        "/t/acme/members/{acme_member}/remove/",
        done(MANAGERS, 302),
        "POST",
    ),
    Page(
        T + "members/<int:member>/remove/",
        "/t/acme/members/{brix_member}/remove/",
        NO_MANAGER,
        "POST",
    ),
    Page(
        T + "members/second-factor/",
        "/t/acme/members/second-factor/",
        done(MANAGERS, 302),
        "POST",
        {"needed": "yes"},
    ),
    Page(
        T + "invitations/<int:invitation>/revoke/",
        "/t/acme/invitations/{acme_invitation}/revoke/",
        done(MANAGERS, 302),
        "POST",
    ),
    Page(
        T + "invitations/<int:invitation>/revoke/",
        "/t/acme/invitations/{brix_invitation}/revoke/",
        NO_MANAGER,
        "POST",
    ),
    Page(T + "audit/", "/t/acme/audit/", MANAGERS),
    Page(T + "audit/", "/t/acme/audit/?since=nonsense", done(MANAGERS, 422)),
    Page(T + "audit.csv", "/t/acme/audit.csv", MANAGERS),
]
