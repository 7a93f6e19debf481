"""Pages and answers: server time and queries of what people and programs look at.

In:   a running web server, a company with a history.   Out: figures per address.
Server time is what the request log says of the very requests that were sent; queries are counted by the
same view in this process.
"""

import statistics
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from http.client import HTTPConnection

from django.db import connection as database
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.benchmarks.company import KINDS, Company
from tests.benchmarks.figures import Figure, number, percentile
from tests.benchmarks.stack import Web

MOST_QUERIES = 8
MOST_MILLISECONDS = 50
MOST_OF_OTHERS = dict.fromkeys(("explorer", "statement", "project"), 100) | dict.fromkeys(
    ("insights", "caching", "what if"), 150
)
"""Milliseconds of a page that is not looked at daily, by the beginning of its name."""
MOST_GROWTH = 1.2
"""How many times the time on the shortest history a page may take on a longer one."""
ALLOW = "GET /allow"
ALLOW_MILLISECONDS = 10
"""99th percentile: an application asks before each call to a model."""
WARM = 12
"""Requests before the measured ones: each of the threads opens its database session on its first."""
CLIENT_PAGE = "client page, this month"
_BOOKKEEPING = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE")


def addresses(company: Company) -> dict[str, str]:
    pages = f"/t/{company.tenant.slug}"
    client = f"{pages}/clients/{company.client}/"
    last_month = f"{_month_before(timezone.now()):%Y-%m}"
    return {
        CLIENT_PAGE: client,
        "client page, 90 days": f"{client}?range=90d",
        "client page, one day by the hour": f"{client}?range=today",
        "overview, this month": f"{pages}/",
        "GET /spend, this month": "/api/v1/spend?range=month",
        "GET /spend, 90 days by client and model": "/api/v1/spend?range=90d&group_by=client,model",
        "GET /spend, 7 days by the hour": "/api/v1/spend?range=7d&granularity=hour",
        "project, this month": f"{pages}/projects/{company.client}-{KINDS[0]}/",
        "explorer, 90 days by client and model": f"{pages}/explore/?range=90d&group_by=client,model",
        "statement of last month": f"{client}statements/{last_month}/",
        "insights, ranked": f"{pages}/insights/",
        "caching, this month": f"{pages}/insights/caching/",
        "what if prices halve, this month": f"{pages}/what-if/?per_cent=-50",
        ALLOW: f"/api/v1/allow?project={company.client}-{KINDS[0]}&estimate=0.25",
    }


def measure(web: Web, company: Company, *, requests: int, part: str) -> list[Figure]:
    return [
        each
        for name, address in addresses(company).items()
        for each in _figures(web, company, name, address, requests=requests, part=part)
    ]


def growth(histories: Sequence[Sequence[Figure]]) -> Iterator[Figure]:
    """The longest history beside the shortest, page by page."""
    first, *_, last = ({each.name: each for each in figures} for figures in histories)
    for name, figure in last.items():
        if figure.runs and name in first:
            yield Figure(
                "growth",
                f"{name}, {figure.part} beside {first[name].part}",
                statistics.median(figure.runs) / statistics.median(first[name].runs),
                "times",
                at_most=MOST_GROWTH,
                beside=f"of the medians; p95: {number(figure.value / first[name].value)} times",
            )


def unfolded_figures(web: Web, company: Company, *, requests: int, part: str) -> list[Figure]:
    """The client page while nothing that was just posted is folded."""
    name, address = next(iter(addresses(company).items()))
    words = f"{name}, journal not folded"
    return list(_figures(web, company, words, address, requests=requests, part=part))


def _figures(
    web: Web, company: Company, name: str, address: str, *, requests: int, part: str
) -> Iterator[Figure]:
    connection = HTTPConnection("127.0.0.1", web.port, timeout=60)
    headers = _headers(company, address)
    is_allow = name == ALLOW
    requests = requests * 10 if is_allow else requests
    _fetch(connection, address, headers=headers, count=WARM)
    before = web.cpu()
    ids, size = _fetch(connection, address, headers=headers, count=requests)
    spent = web.spent_since(before)
    connection.close()
    logged = web.server_milliseconds()
    times = [logged[each] for each in ids]
    asked = queries(company, address)
    processor = (spent.web + spent.postgres) / requests * 1000
    yield Figure(
        part,
        name,
        percentile(times, 99 if is_allow else 95),
        "ms p99" if is_allow else "ms p95",
        runs=tuple(times),
        at_most=_most(name),
        beside=f"p50 {number(percentile(times, 50))} ms, processor {number(processor)} ms;"
        f" {len(asked)} queries; {size / 1024:.0f} kB",
    )
    if len(asked) > MOST_QUERIES or name == CLIENT_PAGE:
        yield Figure(part, f"{name}: queries", len(asked), "queries", at_most=MOST_QUERIES)


def _most(name: str) -> int:
    if name == ALLOW:
        return ALLOW_MILLISECONDS
    found = (most for start, most in MOST_OF_OTHERS.items() if name.startswith(start))
    return next(found, MOST_MILLISECONDS)


def _month_before(moment: datetime) -> datetime:
    return moment.replace(day=1) - timedelta(days=1)


def _fetch(
    connection: HTTPConnection, address: str, *, headers: dict[str, str], count: int
) -> tuple[list[str], int]:
    """The ids of some requests, sent one after the other, and the size of the last answer."""
    ids, size = [], 0
    for _ in range(count):
        connection.request("GET", address, headers=headers)
        response = connection.getresponse()
        size = len(response.read())
        if response.status != 200:
            raise SystemExit(f"{address} was answered with {response.status}.")
        ids.append(response.headers["X-Request-Id"])
    return ids, size


def _headers(company: Company, address: str) -> dict[str, str]:
    if address.startswith("/api/"):
        return {"Authorization": f"Bearer {company.keys['read']}"}
    return {"Cookie": company.session_cookie()}


def queries(company: Company, address: str) -> list[str]:
    """Every statement that one request sends, BEGIN and COMMIT aside."""
    browser: Browser = company.browser()
    headers = {k: v for k, v in _headers(company, address).items() if k != "Cookie"}
    browser.get(address, headers=headers)
    with CaptureQueriesContext(database) as captured:
        browser.get(address, headers=headers)
    statements = [each["sql"] for each in captured.captured_queries]
    return [sql for sql in statements if not sql.startswith(_BOOKKEEPING)]
