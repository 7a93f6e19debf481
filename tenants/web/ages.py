"""An age in words."""

from datetime import timedelta


def in_words(age: timedelta) -> str:
    """The largest unit that fits: `12 s`, `4 min`, `3 h`, `5 days`."""
    seconds = max(0, int(age.total_seconds()))
    for size, unit in ((86_400, "days"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * size or (size == 60 and seconds >= size):
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
