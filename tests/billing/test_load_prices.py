"""The list of prices is brought up to date from a file: rows are added and closed, and never edited."""

import io
import json
from datetime import date
from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from billing.flow.price_data import ANTHROPIC
from billing.flow.terms import add_terms
from billing.models import Discount, ModelAlias, PriceRow
from billing.money import TOKEN_CLASSES
from tests.factories import MODEL, NOON, event

pytestmark = pytest.mark.django_db

RATES = dict(zip(TOKEN_CLASSES, ("7", "8.75", "14", "0.7", "35", "10000"), strict=True))


@pytest.fixture
def prices(tmp_path):
    """The file of this release, to be changed and loaded."""
    return File(tmp_path / "prices.json")


class File:
    def __init__(self, path):
        self.path = path
        self.data = json.loads(ANTHROPIC.read_text("utf-8"))

    def model(self, name):
        return next(each for each in self.data["models"] if each["model"] == name)

    def row(self, name=MODEL):
        """Its open standard row."""
        return next(
            row
            for row in self.model(name)["rows"]
            if not row["until"] and row["speed"] == "standard" and not row["over_prompt_tokens"]
        )

    def change(self, on, name=MODEL, **rates):
        """A change of price: the open row ends, another begins."""
        old = self.row(name)
        self.model(name)["rows"].append(old | {"since": on, **rates})
        old["until"] = on

    def load(self, *options):
        self.path.write_text(json.dumps(self.data), "utf-8")
        out = io.StringIO()
        call_command("load_prices", str(self.path), *options, stdout=out)
        return out.getvalue()


def state():
    return list(PriceRow.objects.order_by("id").values()), list(ModelAlias.objects.values())


def test_the_file_of_the_release_is_there_already(prices):
    before = state()

    out = io.StringIO()
    call_command("load_prices", stdout=out)

    assert out.getvalue().startswith("0 added, 0 closed, 0 aliases added; 38 were there")
    assert state() == before


def test_a_change_of_price_closes_a_row_and_adds_one_and_prices_from_its_day(prices, world):
    prices.change("2026-11-20", input="1", output="1", cache_read="1")

    out = prices.load()

    old, new = PriceRow.objects.filter(model=MODEL, over_prompt_tokens=0).order_by("id")
    assert (old.until, old.closed_by, new.since) == (
        date(2026, 11, 20),
        "command",
        date(2026, 11, 20),
    )
    assert (new.added_by, new.until, new.input) == ("command", None, 1)
    assert old.closed_at
    assert "add    claude-sonnet-4-6  standard    2026-11-20 – open       1 in, 1 out" in out
    assert "1 added, 1 closed" in out
    at = {"day before": "2026-11-19T23:59:59Z", "day": "2026-11-20T00:00:00Z"}
    costs = {
        name: world.acme.post(event(name, occurred_at=each))[0].cost for name, each in at.items()
    }
    assert costs == {"day before": Decimal("0.0156"), "day": Decimal("0.0208")}


def test_twice_changes_nothing_more(prices):
    prices.change("2026-12-01", input="1")
    prices.load()
    before = state()

    assert prices.load().startswith("0 added, 0 closed")
    assert state() == before


def test_a_dry_run_says_all_and_does_nothing(prices):
    before = state()
    prices.change("2026-12-01", input="1")

    out = prices.load("--dry-run")

    assert "Nothing is changed (dry run): 1 added, 1 closed" in out
    assert state() == before


def test_a_new_model_comes_with_its_other_names(prices, world):
    assert world.acme.post(event("a", model="claude-opus-9"))[0].cost is None
    rows = [prices.row() | RATES | {"since": None}]
    prices.data["models"].append(
        prices.model(MODEL)
        | {"model": "claude-opus-9", "aliases": ["claude-opus-9-0"], "rows": rows}
    )

    out = prices.load()

    assert "alias  claude-opus-9-0" in out
    found = world.acme.post(event("b", model="claude-opus-9"), event("c", model="claude-opus-9-0"))
    assert [each.cost for each in found] == [Decimal("0.0364")] * 2


def edited(prices):
    prices.row()["input"] = "4"


def reopened(prices):
    prices.change("2026-12-01", input="1")
    prices.load()
    del prices.model(MODEL)["rows"][-1]
    prices.row = lambda: next(
        row for row in prices.model(MODEL)["rows"] if row["until"] == "2026-12-01"
    )
    prices.row()["until"] = None


def overlapping(prices):
    row = prices.row()
    row["since"] = "2026-12-01"


def another_alias(prices):
    model = prices.model("claude-opus-4-5")
    prices.model("claude-opus-4-6")["aliases"].append(model["aliases"].pop())


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (edited, "input is 3 in the book and 4 in the file. Rows are never edited"),
        (reopened, "the book ended it on 2026-12-01, the file says open"),
        (overlapping, "shares days with the row of the book from the start to open"),
        (another_alias, "is claude-opus-4-5 in the book and claude-opus-4-6 in the file"),
    ],
)
def test_what_adding_and_closing_cannot_say_is_refused_and_nothing_is_done(prices, change, words):
    change(prices)
    before = state()

    with pytest.raises(CommandError, match=words.replace(".", r"\.")):
        prices.load()

    assert state() == before


def test_a_rate_that_a_tenants_discount_would_make_too_fine_is_refused(prices, world):
    """Loaded all the same, it would leave that tenant without a book, and every event without a price."""
    with world.acme.scope():
        add_terms(Discount(provider="anthropic", percent=Decimal("33.33")), actor="t", now=NOON)
    rows = [prices.row() | {"input": "0.000001"}]
    model = {"model": "claude-opus-9", "us_multiplier": "1.11", "rows": rows, "aliases": []}
    prices.data["models"].append(prices.model(MODEL) | model)

    with pytest.raises(CommandError, match="finer than 18 decimals"):
        prices.load()

    assert world.acme.post(event())[0].cost


def test_a_file_that_is_none_is_refused(tmp_path):
    path = tmp_path / "x.json"
    with pytest.raises(CommandError, match="No such file"):
        call_command("load_prices", str(path))

    path.write_text("{}")
    with pytest.raises(CommandError, match=r"x\.json"):
        call_command("load_prices", str(path))


def test_a_login_that_does_not_own_the_tables_is_told_which_one_does(prices, monkeypatch):
    prices.change("2026-12-01", input="1")
    before = state()
    monkeypatch.setattr(
        "billing.flow.load_prices.OWNED",
        "SELECT 'somebody', pg_has_role('costtrack_app', relowner, 'USAGE')"
        " FROM pg_class WHERE oid = 'billing_pricerow'::regclass",
    )

    with pytest.raises(CommandError, match="somebody does not own the tables"):
        prices.load()

    assert state() == before


def test_afterwards_the_connection_serves_as_it_did(prices):
    prices.change("2026-12-01", input="1")
    prices.load()

    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        assert cursor.fetchone() == ("costtrack_app",)
