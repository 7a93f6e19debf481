"""Extras: what a raw usage object holds beyond the ledger's columns, so that it can be shown again whole.

`extras_of` keeps the difference between the object and the one the columns rebuild; `raw_usage` puts both
together. An object of the usual shape leaves no difference, and costs no byte.
"""

from collections.abc import Mapping

from billing.flow.usage import Counts

Raw = dict[str, object]

_ABSENT = "-"
"""Under this name stand the keys that the columns rebuild and the object does not have."""


def extras_of(raw: Mapping[str, object], *, tokens: Counts, variant: str) -> Raw | None:
    """The part of `raw` that `rebuilt` gets wrong or lacks; None when it gets all of it."""
    known = rebuilt(tokens, variant=variant)
    extras: Raw = {
        key: value for key, value in raw.items() if key not in known or not _same(known[key], value)
    }
    absent = [key for key in known if key not in raw]
    if absent:
        extras[_ABSENT] = [absent, raw[_ABSENT]] if _ABSENT in raw else [absent]
    elif _ABSENT in raw:
        extras[_ABSENT] = [absent, raw[_ABSENT]]
    return extras or None


def raw_usage(extras: Mapping[str, object] | None, *, tokens: Counts, variant: str) -> Raw:
    """The usage object as it was reported."""
    usage = rebuilt(tokens, variant=variant)
    usage.update(extras or {})
    marker = usage.pop(_ABSENT, None)
    if isinstance(marker, list):
        for key in marker[0]:
            usage.pop(key, None)
        if len(marker) == 2:
            usage[_ABSENT] = marker[1]
    return usage


def rebuilt(tokens: Counts, *, variant: str) -> Raw:
    """The usage object that these columns stand for, in the shape the provider sends today."""
    modifiers = variant.split("+")
    usage: Raw = {
        "input_tokens": tokens[0],
        "cache_creation_input_tokens": tokens[1] + tokens[2],
        "cache_read_input_tokens": tokens[3],
        "cache_creation": {
            "ephemeral_5m_input_tokens": tokens[1],
            "ephemeral_1h_input_tokens": tokens[2],
        },
        "output_tokens": tokens[4],
        "service_tier": "batch" if "batch" in modifiers else "standard",
    }
    if "us" in modifiers:
        usage["inference_geo"] = "us"
    if "fast" in modifiers:
        usage["speed"] = "fast"
    return usage


def _same(one: object, other: object) -> bool:
    """Equal, and of one type: 1, 1.0 and true are equal in Python, not in JSON."""
    return type(one) is type(other) and one == other
