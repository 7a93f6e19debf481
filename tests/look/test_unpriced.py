"""What has no price is never $0: it is ≥ with a count, on every page, in every answer, picture and message.

One table of events that no price is known for, each alone in its company and beside one that is priced.
"""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from billing.reports.buckets import DIMENSIONS
from tests.billing.budgets import budget
from tests.factories import MODEL, event
from tests.look.test_pages import text_of

TOKENS = {"input_tokens": 700, "output_tokens": 900}
CASES = {
    "unknown_provider": {"provider": "somebody", "model": "m"},
    "unknown_model": {"model": "claude-opus-99"},
    "no_price_at_date": {"model": "claude-haiku-5-5", "days": 150},
    "priority_tier": {"usage": TOKENS | {"service_tier": "priority"}},
    "unknown_tier": {"usage": TOKENS | {"service_tier": "overnight"}},
    "unknown_speed": {"usage": TOKENS | {"speed": "ludicrous"}},
    "unknown_geo": {"usage": TOKENS | {"inference_geo": "moon"}},
    "fast_not_offered": {"usage": TOKENS | {"speed": "fast"}},
    "unknown_iteration": {"usage": TOKENS | {"iterations": [{"type": "dream", **TOKENS}]}},
}
RANGES = ("range=90d", "range=7d", "range=today")
PAGES = [
    "/t/acme/?{}",
    "/t/acme/clients/?{}",
    "/t/acme/clients/globex/?{}",
    "/t/acme/projects/?{}",
    "/t/acme/projects/support-bot/?{}",
    "/t/acme/projects/support-bot/?by=model&{}",
    "/t/acme/projects/support-bot/events/?{}",
    "/t/acme/event/?source=&id=strange&{}",
    "/t/acme/insights/caching/?{}",
    "/t/acme/prices/unpriced/?{}",
    "/t/acme/budgets/?{}",
]
NOUGHT = re.compile(r"(?<!≥ )(?<!≥)(?<! 0 )\$0(?:\.0+)?(?![\d.])")
"""An amount of nothing without a sign before it, and not of a row that has no event."""
AXIS = re.compile(r'<div class="y".*?</div>', re.S)


def strange(case):
    """The event of a case, and the range of days in which it lies."""
    changes = {"usage": TOKENS} | CASES[case]
    days = changes.pop("days", 0)
    at = timezone.now() - timedelta(days=days, minutes=1)
    since = (at - timedelta(days=2)).date()
    span = f"since={since}&until={since + timedelta(days=5)}"
    return event("strange", occurred_at=at.isoformat(), **changes), span


@pytest.fixture
def ana(client, world):
    client.force_login(world.ana)
    return client


def noughts(page):
    """The amounts of nothing that a page claims. An axis begins at nought and claims nothing; of a chart's
    bars and rows those say ≥ that have an event, the others have none."""
    html = AXIS.sub("", page.content.decode())
    chart = html[html.find("<figure") : html.find("</figure>")] if "<figure" in html else ""
    if "<svg" in chart:
        assert chart.count("≥") >= 2
    html = html.replace(chart, "")
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))
    return [text[max(0, each.start() - 60) : each.end() + 20] for each in NOUGHT.finditer(text)]


@pytest.mark.parametrize("beside", [False, True], ids=["alone", "beside"])
@pytest.mark.parametrize("case", CASES)
def test_no_page_says_nought(ana, world, case, beside):
    odd, span = strange(case)
    plain = odd | {"id": "p", "provider": "anthropic", "model": MODEL, "usage": TOKENS}
    verdicts = world.acme.post(odd, *[plain] * beside)
    budget(world.acme, amount=5)

    assert [each.unpriced_reason for each in verdicts][:1] == [case]
    for path in PAGES[
        : 10 if case == "no_price_at_date" else 11
    ]:  # else the budget counts other days
        page = ana.get(path.format(span))
        assert page.status_code == 200, path
        assert noughts(page) == [], path
    is_now = int(case == "no_price_at_date")  # the overview is about now, and that was long ago
    for path in (PAGES[:3] + PAGES[4:6])[is_now:]:
        text = text_of(ana.get(path.format(span)))
        assert "≥" in text, path
    for path in (PAGES[0], PAGES[2], PAGES[4])[is_now:]:
        assert "1 event has no price yet" in text_of(ana.get(path.format(span))), path
        assert "No spend in this range" not in text_of(ana.get(path.format(span))), path
    assert "No price yet" in text_of(ana.get("/t/acme/event/?source=&id=strange"))


@pytest.mark.parametrize("folded", [False, True])
@pytest.mark.parametrize("case", CASES)
def test_no_answer_of_the_api_says_nought_without_a_count(ana, world, case, folded):
    odd, span = strange(case)
    world.acme.post(odd)
    if folded:
        world.acme.fold()
    read = {"Authorization": f"Bearer {world.acme.keys['read']}"}

    def get(path):
        answer = ana.get(f"/api/v1/{path}", headers=read)
        assert answer.status_code == 200, answer.content
        return answer.json()

    for granularity in ("day", "hour", "month", "total"):
        for dimension in ("", *DIMENSIONS, "token_class"):
            if (granularity, dimension) == ("hour", "component"):  # components are of days
                continue
            found = get(f"spend?granularity={granularity}&group_by={dimension}&{span}")
            for row in (*found["rows"], found["total"]):
                assert (row["cost"], row["unpriced_events"]) == ("0", 1), (granularity, dimension)
            assert found["rows"]
    assert [each["cost"] for each in get("events")["events"]] == [None]
    detail = get("events/-/strange")
    assert (detail["cost"], detail["cost_uncached"], detail["unpriced_reason"]) == (
        None,
        None,
        case,
    )
    queue = get("unpriced")
    assert (queue["events"], [each["code"] for each in queue["models"][0]["reasons"]]) == (
        1,
        [case],
    )
    tried = ana.post("/api/v1/price", odd, content_type="application/json", headers=read).json()
    assert (tried["results"][0]["cost"], tried["results"][0]["unpriced_reason"]) == (None, case)
    again = world.acme.post(odd)[0]
    assert (again.status, again.cost, again.unpriced_reason) == ("duplicate", None, case)
