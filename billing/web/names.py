"""Names: what a page calls models and dimensions that are not named.

In: identifiers as the provider or the caller wrote them.   Out: names for people.
Promises: two identifiers of one page never share a name.
"""

import re
from collections import Counter
from collections.abc import Iterable

UNNAMED = {
    "feature": "no feature named",
    "environment": "no environment named",
    "model": "no model named",
}
_NEW = re.compile(r"claude-([a-z]+)-(\d+)(?:-(\d{1,2}))?(?:-\d{8}|-latest)?")
_OLD = re.compile(r"claude-(\d+)(?:-(\d))?-([a-z]+)(?:-\d{8}|-latest)?")


def model_names(ids: Iterable[str]) -> dict[str, str]:
    """`claude-sonnet-4-6` -> `Sonnet 4.6`; the full identifier where two would look alike."""
    names = {each: short_model_name(each) for each in ids}
    uses = Counter(names.values())
    return {each: name if uses[name] == 1 else each for each, name in names.items()}


def short_model_name(identifier: str) -> str:
    if match := _NEW.fullmatch(identifier):
        family, major, minor = match.groups()
    elif match := _OLD.fullmatch(identifier):
        major, minor, family = match.groups()
    else:
        return identifier or UNNAMED["model"]
    return f"{family.capitalize()} {major}.{minor}" if minor else f"{family.capitalize()} {major}"


def named(values: Iterable[str], *, dimension: str) -> dict[str, str]:
    """Free-text values as they are; the empty one gets words."""
    return {value: value or UNNAMED[dimension] for value in values}
