"""The price file that comes with the project."""

import json
from datetime import date
from decimal import Decimal

import pytest

from billing.flow.price_data import ANTHROPIC, PriceDataError, read_price_data

DATA = read_price_data()
FILE = json.loads(ANTHROPIC.read_text(encoding="utf-8"))


def test_the_file_has_every_row_and_alias():
    assert len({record.model for record in DATA.records}) == 27
    assert len(DATA.records) == 38
    assert len(DATA.aliases) == 18


def test_every_row_says_where_it_comes_from_and_when_it_was_checked():
    for record in DATA.records:
        assert record.source.strip()
        assert record.confidence in {"official", "third-party"}
        assert record.checked_on == date(2026, 11, 22)
        assert ("third party" in record.source) == (record.confidence == "third-party")


def test_rates_are_read_as_they_are_written():
    [base, long] = [each for each in DATA.records if each.model == "claude-sonnet-4-6"]

    assert base.rates == tuple(map(Decimal, ("3", "3.75", "6", "0.3", "15", "10000")))
    assert long.rates == tuple(map(Decimal, ("6", "7.5", "12", "0.6", "22.5", "10000")))
    assert (base.over_prompt_tokens, base.since, base.until) == (0, None, None)
    assert (long.over_prompt_tokens, long.since, long.until) == (200_000, None, date(2026, 3, 13))
    assert (base.batch_multiplier, base.us_multiplier) == (Decimal("0.5"), Decimal("1.1"))


def test_aliases_name_the_model_exactly():
    assert DATA.aliases["anthropic", "claude-haiku-4-5-20251001"] == "claude-haiku-4-5"
    assert ("anthropic", "claude-haiku-4-5") not in DATA.aliases


def test_facts_of_the_model_stand_on_its_rows():
    [haiku] = [each for each in DATA.records if each.model == "claude-3-haiku"]

    assert haiku.retired_on == date(2026, 4, 20)
    assert haiku.min_cacheable_tokens is None
    [preview] = [each for each in DATA.records if each.model == "claude-mythos-preview"]
    assert preview.us_multiplier is None
    assert "US multiplier" in preview.note


def broken(change):
    file = json.loads(json.dumps(FILE))
    change(file)
    return file


@pytest.mark.parametrize(
    "change",
    [
        lambda file: file["models"][0]["rows"][0].pop("cache_read"),
        lambda file: file["models"][0]["rows"][0].update(input=8),
        lambda file: file["models"][0]["rows"][0].update(input=8.5),
        lambda file: file["models"][0]["rows"][0].update(input="8e0"),
        lambda file: file["models"][0]["rows"][0].update(input="-8"),
        lambda file: file["models"][0]["rows"][0].update(source=""),
        lambda file: file["models"][0]["rows"][0].update(since="9 November"),
        lambda file: file["models"][0]["rows"][0].update(over_prompt_tokens="0"),
        lambda file: file["models"][0]["rows"].append(file["models"][0]["rows"][0]),
        lambda file: file["models"][0].pop("us_multiplier"),
        lambda file: file["models"][0].update(batch_multiplier="half"),
        lambda file: file["models"][0].update(aliases=["claude-opus-5"]),
        lambda file: file["models"][0].update(aliases=["claude-3-haiku-20240307"]),
        lambda file: file["models"].append("claude"),
        lambda file: file.pop("provider"),
        lambda file: file.update(models={}),
    ],
)
def test_a_file_that_says_too_little_or_too_much_is_refused(change, tmp_path):
    path = tmp_path / "prices.json"
    path.write_text(json.dumps(broken(change)), encoding="utf-8")

    with pytest.raises(PriceDataError, match=r"prices\.json"):
        read_price_data(path)


def test_a_file_that_is_not_json_is_refused(tmp_path):
    path = tmp_path / "prices.json"
    path.write_text("rates: 3", encoding="utf-8")

    with pytest.raises(PriceDataError):
        read_price_data(path)
