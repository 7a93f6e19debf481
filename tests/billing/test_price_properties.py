"""Laws that hold for any usage: lines add up, prices add up, nothing is rounded."""

from datetime import UTC, datetime
from decimal import localcontext
from fractions import Fraction

from hypothesis import assume, given
from hypothesis import strategies as st

from billing.flow.price import Priced, Unpriced, explain, price_event
from billing.flow.usage import MAX_COUNT, read_usage
from billing.money import TOKEN_CLASSES, amount, is_storable, plain, total
from tests.billing.pricing import BOOK, tokens

MODELS = sorted({entry.model for entry in BOOK.entries})
BARE = [*MODELS, *(alias for _, alias in BOOK.aliases)]
NAMES = [*BARE, *(f"{name}[1m]" for name in BARE)]
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)

counts = st.one_of(st.integers(0, 3), st.integers(0, 250_000), st.integers(0, MAX_COUNT // 2))
small = st.integers(0, 8_000)  # ten of them stay below every tier
modifiers = st.fixed_dictionaries(
    {},
    optional={
        "service_tier": st.sampled_from(["standard", "batch"]),
        "speed": st.sampled_from(["standard", "fast"]),
        "inference_geo": st.sampled_from(["us", "global"]),
    },
)


@st.composite
def usages(draw, numbers=counts, more=modifiers):
    fresh, write_5m, write_1h, read, out = (draw(numbers) for _ in range(5))
    usage = tokens(fresh, write_5m=write_5m, write_1h=write_1h, read=read, out=out)
    usage["server_tool_use"] = {"web_search_requests": draw(numbers)}
    return {**usage, **draw(more)}


@st.composite
def with_iterations(draw):
    kinds = st.sampled_from(["message", "compaction", "advisor_message", "fallback_message"])
    entries = [
        {"type": draw(kinds), "model": draw(st.sampled_from(MODELS)), **draw(usages())}
        for _ in range(draw(st.integers(0, 4)))
    ]
    return {**draw(usages()), "iterations": entries}


def read(raw, *, model, stop_reason="end_turn"):
    return read_usage(raw, model=model, stop_reason=stop_reason)


def priced(raw, *, model):
    result = price_event(BOOK, provider="anthropic", occurred_at=NOON, usage=read(raw, model=model))
    assume(isinstance(result, Priced))
    return result


@given(with_iterations(), st.sampled_from(MODELS), st.sampled_from(["end_turn", "refusal"]))
def test_the_lines_add_up_to_the_cost_and_so_do_the_classes(raw, model, stop_reason):
    usage = read(raw, model=model, stop_reason=stop_reason)
    result = price_event(BOOK, provider="anthropic", occurred_at=NOON, usage=usage)
    assume(isinstance(result, Priced))

    lines = explain(BOOK, provider="anthropic", occurred_at=NOON, usage=usage)

    assert total(line.cost for line in lines) == result.cost == total(result.costs)
    for name, cost in zip(TOKEN_CLASSES, result.costs, strict=True):
        assert total(line.cost for line in lines if line.token_class == name) == cost


@given(usages(), st.sampled_from(MODELS))
def test_a_line_is_exactly_tokens_times_rate_times_multipliers(raw, model):
    usage = read(raw, model=model)
    lines = explain(BOOK, provider="anthropic", occurred_at=NOON, usage=usage)
    assume(isinstance(lines, list))

    for line in lines:
        exact = Fraction(line.tokens) * Fraction(line.rate_per_million) / 1_000_000
        for multiplier in line.multipliers.values():
            exact *= Fraction(multiplier)
        assert Fraction(line.cost) == exact


@given(with_iterations(), st.sampled_from(MODELS))
def test_every_figure_fits_the_database_and_reads_back_from_json(raw, model):
    result = priced(raw, model=model)

    for figure in (*result.costs, result.cost, result.cost_uncached):
        assert is_storable(figure)
        assert amount(plain(figure)) == figure
        assert figure >= 0


@given(usages(small), usages(small, st.just({})), st.sampled_from(MODELS))
def test_the_price_of_two_calls_is_the_price_of_both_where_no_tier_is_crossed(one, other, model):
    kept = {key: one[key] for key in ("service_tier", "speed", "inference_geo") if key in one}
    both = {**added(one, other), **kept}

    parts = [priced(each, model=model) for each in (one, {**other, **kept})]

    assert priced(both, model=model).cost == total(part.cost for part in parts)
    assert priced(both, model=model).cost_uncached == total(part.cost_uncached for part in parts)


@given(usages(), st.sampled_from(MODELS))
def test_an_uncached_call_saves_nothing(raw, model):
    raw = {**raw, **tokens(raw["input_tokens"], out=raw["output_tokens"])}

    result = priced(raw, model=model)

    assert result.cost_uncached == result.cost


@given(st.integers(0, 250_000), st.integers(1, 250_000), st.sampled_from(MODELS))
def test_reading_from_the_cache_is_never_dearer_than_not(fresh, read_tokens, model):
    result = priced(tokens(fresh, read=read_tokens), model=model)

    assert result.cost < result.cost_uncached


@given(st.sampled_from(NAMES), st.text(max_size=12), st.text(max_size=3))
def test_only_an_exact_name_is_priced(name, after, before):
    posted = before + name + after
    assume(posted not in NAMES)
    usage = read(tokens(1, out=1), model=posted)

    result = price_event(BOOK, provider="anthropic", occurred_at=NOON, usage=usage)

    assert result == Unpriced("unknown_model", "standard")


@given(usages(), st.sampled_from(MODELS), st.integers(1, 27))
def test_the_callers_decimal_context_takes_no_part(raw, model, digits):
    exact = priced(raw, model=model)

    with localcontext(prec=digits):
        same = priced(raw, model=model)
        cost = same.cost

    assert (same, cost) == (exact, exact.cost)


def added(one, other):
    sums = {}
    for key, value in one.items():
        if isinstance(value, dict):
            sums[key] = added(value, other[key])
        elif isinstance(value, int):
            sums[key] = value + other[key]
    return sums
