"""What reading calls have in common: a query string that says what it means."""

from collections.abc import Collection, Mapping

from tenants.problems import Problem


def refuse_unknown(query: Mapping[str, str], known: Collection[str]) -> None:
    """A mistyped filter must not answer with everybody's figures."""
    unknown = sorted(set(query) - set(known))
    if unknown:
        detail = f"There is no parameter {unknown[0][:60]!r} here."
        raise Problem(400, "unknown_parameter", detail, field=unknown[0][:60])
