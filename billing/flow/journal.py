"""Journal: the SQL of rows that move the totals, with what they are split into.

In:   a relation of steps: what events count more or less, in which bucket, and what their prompts were made of.
Out:  one journal row per bucket; `split` is what prompt components count of it, null where nothing is split.
Only an event that was billed as one call is split here: of several calls the ledger keeps no figures apart.
"""

from billing.flow.store import CLASS_COSTS, DIMENSIONS, MEASURES, TOKENS

PART_MEASURES = ("events", *TOKENS, *CLASS_COSTS, "cost_uncached")
"""What is kept per component. `events` are those in which it occurs; each that is split has a response."""
_BUCKET = ("day", "hour", "priced", *DIMENSIONS)


def described(event: str) -> str:
    """SQL: the components by which an event of the ledger is split, or null."""
    return f"CASE WHEN {event}.extras ? 'iterations' THEN NULL ELSE {event}.components END"


def tokens_of(event: str) -> str:
    """SQL: the tokens of an event as `event_parts` takes them."""
    return f"ARRAY[{', '.join(f'{event}.{name}' for name in TOKENS)}]"


def parts_of(step: str, *, components: str, tokens: str) -> str:
    """SQL: the parts of what a step counts; tokens are the event's, whatever of them the step counts."""
    costs = ", ".join(f"{step}.{name}" for name in (*CLASS_COSTS, "cost_uncached"))
    return f"event_parts({components}, {step}.events, {tokens}, ARRAY[{costs}])"


def rows_of(split: str) -> str:
    """SQL: the rows of a journal row's split; to be given a name."""
    types = ", ".join(
        f"{name} {'numeric' if name.startswith('cost') else 'bigint'}" for name in PART_MEASURES
    )
    return f"(SELECT * FROM jsonb_to_recordset({split}) AS each (component text, {types}))"  # noqa: S608


def journal_rows(steps: str) -> str:
    """SQL: the INSERT of what `steps` add up to, by bucket.

    Steps have day, hour, priced, the dimensions, the measures; of their event `described`, `event_tokens`.
    """
    bucket = ", ".join(_BUCKET)
    sums = ", ".join(f"sum({name}) AS {name}" for name in MEASURES)
    parts = ", ".join(f"sum(part.{name}) AS {name}" for name in PART_MEASURES)
    said = ", ".join(f"'{name}', {name}" for name in ("component", *PART_MEASURES))
    split = parts_of("s", components="s.described", tokens="s.event_tokens")
    return f"""
    INSERT INTO billing_spendentry (tenant_id, {bucket}, {", ".join(MEASURES)}, split)
    SELECT %(tenant)s, {bucket}, {", ".join(MEASURES)}, split
    FROM (SELECT {bucket}, {sums} FROM {steps} GROUP BY {bucket}) whole
    LEFT JOIN (
        SELECT {bucket}, jsonb_agg(jsonb_build_object({said})) AS split
        FROM (
            SELECT {", ".join(f"s.{name}" for name in _BUCKET)}, part.component, {parts}
            FROM {steps} s CROSS JOIN LATERAL {split} part
            WHERE s.described IS NOT NULL
            GROUP BY {", ".join(f"s.{name}" for name in _BUCKET)}, part.component
        ) each GROUP BY {bucket}
    ) parts USING ({bucket})
    """  # noqa: S608  built from constants only
