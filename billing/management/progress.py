"""A line of progress for long commands: `importing  3/7`, rewritten in place on a terminal."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

from django.core.management.base import OutputWrapper

Thing = TypeVar("Thing")
WIDTH = 30


def progress(things: Sequence[Thing], *, label: str, out: OutputWrapper) -> Iterator[Thing]:
    """Hand out the things one by one and show how far it is; silent where the output is no terminal."""
    for done, thing in enumerate(things):
        _show(out, label, done, len(things))
        yield thing
    _show(out, label, len(things), len(things), end="\n")


def _show(out: OutputWrapper, label: str, done: int, count: int, *, end: str = "") -> None:
    if not out.isatty():
        return
    filled = WIDTH * done // max(count, 1)
    out.write(f"\r{label:<10} {'█' * filled}{'·' * (WIDTH - filled)} {done}/{count}", ending=end)
    out.flush()
