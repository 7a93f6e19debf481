"""The table of API calls: every address, and the scopes of which a key needs one. Pages are in routes.py."""

from dataclasses import dataclass

from billing.money import TOKEN_CLASSES
from tests.walls.routes import UNLISTED


@dataclass(frozen=True)
class Call:
    """`ok` is what a key of Acme gets that has one of these scopes; `foreign` what a key of Brix gets."""

    pattern: str
    path: str
    needs: str
    ok: int = 200
    foreign: int = 200
    method: str = "GET"
    data: dict[str, object] | None = None

    @property
    def expected(self) -> dict[str, int]:
        scopes = self.needs.split()
        refused = dict.fromkeys(("none", "typo", "revoked", "expired"), 401)
        own = {scope: self.ok if scope in scopes else 403 for scope in ("ingest", "read", "manage")}
        return refused | own | {"brix": self.foreign}


V = "api/v1/"
EVENT = {"id": "x", "project": "secret-acme", "model": "m", "occurred_at": "2026-11-01T00:00:00Z"}
EVENT["usage"] = {"input_tokens": 1, "output_tokens": 1}
BUDGET = {"name": "new", "amount": "5", "period": "week", "owner": "ana@acme.test"}
PRICE = dict.fromkeys(TOKEN_CLASSES, "1") | {"model": "claude-opus-9", "source": "contract"}
ONE_RUN = "what-if/runs/<int:run_id>"
QUESTION = {"settings": {"per_cent": "-50"}, "since": "2026-11-01", "until": "2026-11-03"}
ONE_SCENARIO = "scenarios/<int:scenario_id>"
SCENARIO = {"name": "new", "prices": [{"since": "2099-01-01", "per_cent": "-50"}]}
END = {"until": "2099-01-01"}
RUN = {"since": "2026-11-01", "until": "2026-11-02", "reason": "test"}
PAST = {"percent": "5", "until": "2020-01-01"}
MARKUPS, ONE_MARKUP = (
    "/api/v1/clients/globex/markups",
    "clients/<slug:slug>/markups/<int:markup_id>",
)
ONE_EVENT = "/api/v1/events/source-globex-acme/e-1"
CALLS = [
    Call(V + "events", "/api/v1/events", "read"),
    Call(V + "events", "/api/v1/events", "ingest", method="POST", data=EVENT),
    Call(V + "events/<text:source>/<text:event_id>", ONE_EVENT, "read", foreign=404),
    Call(
        V + "events/void",
        "/api/v1/events/void",
        "manage",
        foreign=404,
        method="POST",
        data={"source": "source-globex-acme", "id": "e-1", "reason": "test"},
    ),
    Call(V + "price", "/api/v1/price", "ingest read", method="POST", data=EVENT),
    Call(V + "calculator", "/api/v1/calculator", "read"),
    Call(V + "what-if", "/api/v1/what-if?batch=1", "read"),
    Call(V + "what-if/runs", "/api/v1/what-if/runs", "read"),
    Call(V + "what-if/runs", "/api/v1/what-if/runs", "manage", 201, 201, "POST", QUESTION),
    Call(V + ONE_RUN, "/api/v1/what-if/runs/{acme_question}", "read", foreign=404),
    Call(
        V + ONE_RUN + "/stop",
        "/api/v1/what-if/runs/{acme_question}/stop",
        "manage",
        409,
        404,
        "POST",
    ),
    Call(
        V + ONE_RUN + "/resume",
        "/api/v1/what-if/runs/{acme_question}/resume",
        "manage",
        foreign=404,
        method="POST",
    ),
    Call(V + "scenarios", "/api/v1/scenarios", "read"),
    Call(V + "scenarios", "/api/v1/scenarios", "manage", 201, 201, "POST", SCENARIO),
    Call(V + ONE_SCENARIO, "/api/v1/scenarios/{acme_scenario}", "read", foreign=404),
    Call(
        V + ONE_SCENARIO,
        "/api/v1/scenarios/{acme_scenario}",
        "manage",
        foreign=404,
        method="PATCH",
        data=SCENARIO,
    ),
    Call(V + ONE_SCENARIO, "/api/v1/scenarios/{acme_scenario}", "manage", 204, 404, "DELETE"),
    Call(
        V + ONE_SCENARIO + "/result",
        "/api/v1/scenarios/{acme_scenario}/result",
        "read",
        foreign=404,
    ),
    Call(V + "prices/proposals", "/api/v1/prices/proposals", "read"),
    Call(
        V + "prices/proposals",
        "/api/v1/prices/proposals",
        "manage",
        201,
        201,
        "POST",
        {"provider": "openai", "model": "gpt-listed", "rates": dict.fromkeys(UNLISTED, "0")},
    ),
    Call(V + "spend", "/api/v1/spend", "read"),
    Call(V + "budgets", "/api/v1/budgets", "read"),
    Call(V + "budgets", "/api/v1/budgets", "manage", 201, 422, "POST", BUDGET),
    Call(V + "budgets/<int:budget_id>", "/api/v1/budgets/{acme_budget}", "read", foreign=404),
    Call(
        V + "budgets/<int:budget_id>",
        "/api/v1/budgets/{acme_budget}",
        "manage",
        foreign=404,
        method="PATCH",
        data={"amount": "7"},
    ),
    Call(
        V + "budgets/<int:budget_id>", "/api/v1/budgets/{acme_budget}", "manage", 204, 404, "DELETE"
    ),
    Call(V + "alerts", "/api/v1/alerts", "read"),
    Call(
        V + "alerts/<int:alert_id>/acknowledge",
        "/api/v1/alerts/{acme_alert}/acknowledge",
        "manage",
        foreign=404,
        method="POST",
        data={"note": "seen"},
    ),
    Call(V + "allow", "/api/v1/allow?project=secret-acme", "read", foreign=404),
    Call(V + "channels", "/api/v1/channels", "read"),
    Call(
        V + "channels",
        "/api/v1/channels",
        "manage",
        201,
        201,
        "POST",
        {"kind": "email", "name": "new", "target": "new@example.com"},
    ),
    Call(
        V + "channels/<int:channel_id>",
        "/api/v1/channels/{acme_channel}",
        "manage",
        foreign=404,
        method="PATCH",
        data={"name": "Other", "disabled": True},
    ),
    Call(
        V + "channels/<int:channel_id>",
        "/api/v1/channels/{acme_channel}",
        "manage",
        204,
        404,
        "DELETE",
    ),
    Call(V + "clients", "/api/v1/clients", "read"),
    Call(V + "clients", "/api/v1/clients", "manage", 201, 201, "POST", {"slug": "new"}),
    Call(V + "clients/<slug:slug>", "/api/v1/clients/only-acme", "read", foreign=404),
    Call(
        V + "clients/<slug:slug>",
        "/api/v1/clients/only-acme",
        "manage",
        foreign=404,
        method="PATCH",
        data={"name": "Other"},
    ),
    Call(V + "clients/<slug:slug>", "/api/v1/clients/only-acme", "manage", 204, 404, "DELETE"),
    Call(V + "clients/<slug:slug>/markups", MARKUPS, "read"),
    Call(V + "clients/<slug:slug>/markups", MARKUPS, "manage", 201, 201, "POST", PAST),
    Call(V + ONE_MARKUP, MARKUPS + "/{acme_markup}", "read", foreign=404),
    Call(
        V + ONE_MARKUP + "/close", MARKUPS + "/{acme_markup}/close", "manage", 200, 404, "POST", END
    ),
    Call(V + "prices", "/api/v1/prices?on=all", "read"),
    Call(V + "prices", "/api/v1/prices", "manage", 201, 201, "POST", PRICE),
    Call(V + "prices/<int:price_id>", "/api/v1/prices/{acme_price}", "read", foreign=404),
    Call(
        V + "prices/<int:price_id>/close",
        "/api/v1/prices/{acme_price}/close",
        "manage",
        200,
        404,
        "POST",
        END,
    ),
    Call(V + "discounts", "/api/v1/discounts", "read"),
    Call(V + "discounts", "/api/v1/discounts", "manage", 201, 201, "POST", {"percent": "5"}),
    Call(
        V + "discounts/<int:discount_id>", "/api/v1/discounts/{acme_discount}", "read", foreign=404
    ),
    Call(
        V + "discounts/<int:discount_id>/close",
        "/api/v1/discounts/{acme_discount}/close",
        "manage",
        200,
        404,
        "POST",
        END,
    ),
    Call(V + "repricings", "/api/v1/repricings", "read"),
    Call(V + "repricings", "/api/v1/repricings", "manage", 201, 201, "POST", RUN),
    Call(V + "repricings/<int:run_id>", "/api/v1/repricings/{acme_repricing}", "read", foreign=404),
    *(
        Call(
            V + f"repricings/<int:run_id>/{verb}",
            f"/api/v1/repricings/{{acme_repricing}}/{verb}",
            "manage",
            409,
            404,
            "POST",
        )
        for verb in ("apply", "cancel")
    ),
    Call(V + "insights", "/api/v1/insights", "read"),
    Call(V + "insights/caching", "/api/v1/insights/caching", "read"),
    Call(V + "insights/breaks", "/api/v1/insights/breaks", "read"),
    Call(V + "insights/tasks", "/api/v1/insights/tasks", "read"),
    Call(V + "insights/sums", "/api/v1/insights/sums?kind=band", "read"),
    Call(
        V + "insights/answer",
        "/api/v1/insights/answer",
        "manage",
        404,
        404,
        "POST",
        data={"insight": "idle:1:staging", "state": "done"},
    ),
    Call(V + "unpriced", "/api/v1/unpriced", "read"),
    Call(V + "projects", "/api/v1/projects", "read"),
    Call(
        V + "projects",
        "/api/v1/projects",
        "manage",
        201,
        422,
        "POST",
        {"slug": "new", "client": "only-acme"},
    ),
    Call(V + "projects/<slug:slug>", "/api/v1/projects/secret-acme", "read", foreign=404),
    Call(
        V + "projects/<slug:slug>",
        "/api/v1/projects/secret-acme",
        "manage",
        foreign=404,
        method="PATCH",
        data={"name": "Other"},
    ),
    Call(V + "projects/<slug:slug>", "/api/v1/projects/secret-acme", "manage", 204, 404, "DELETE"),
    Call(V + "keys", "/api/v1/keys", "manage"),
    Call(
        V + "keys",
        "/api/v1/keys",
        "manage",
        201,
        422,
        "POST",
        {"name": "new", "scopes": ["read"], "project": "secret-acme"},
    ),
    Call(
        V + "keys/<int:key_id>",
        "/api/v1/keys/{acme_key}",
        "manage",
        foreign=404,
        method="PATCH",
        data={"name": "Other"},
    ),
    Call(V + "keys/<int:key_id>", "/api/v1/keys/{acme_key}", "manage", 204, 404, "DELETE"),
    Call(
        V + "keys/<int:key_id>/rotate",
        "/api/v1/keys/{acme_key}/rotate",
        "manage",
        201,
        404,
        "POST",
        {"overlap_hours": 1},
    ),
]
