"""Tokenizer: which models count the same text alike.

Since Claude 4.7 the same text is about 30 % more tokens (the provider's own word), so token counts of one side
say little about cost on the other.
"""

import re
from typing import Final

NEW_SINCE: Final = (4, 7)
_CLAUDE: Final = re.compile(r"claude-(?:[a-z]+-)?(\d{1,2})(?:-(\d{1,2}))?(?![0-9])")


def counts_newly(model: str) -> bool | None:
    """Whether the model has the tokenizer of Claude 4.7; None where its name does not tell."""
    found = _CLAUDE.match(model)
    if found is None:
        return None
    return (int(found[1]), int(found[2] or 0)) >= NEW_SINCE


def is_comparable(one: str, other: str) -> bool:
    """The two surely count the same text alike."""
    first = counts_newly(one)
    return one == other or (first is not None and first == counts_newly(other))
