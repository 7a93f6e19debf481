"""Events as JSON: the one document that the API answers with and the event page lets people copy.

In: an event or a line of its price.   Out: what JSON can say of it; money and rates as strings.
"""

from billing.flow.price import Line
from billing.money import TOKEN_CLASSES, plain
from billing.reports.events import EventDetail, EventSummary

Json = dict[str, object]


def line_data(line: Line) -> Json:
    return {
        "token_class": line.token_class,
        "tokens": line.tokens,
        "rate_per_million": plain(line.rate_per_million),
        "multipliers": {name: plain(value) for name, value in line.multipliers.items()},
        "cost": plain(line.cost),
        "model": line.model,
        "price_id": str(line.price_id),
    }


def summary_data(event: EventSummary) -> Json:
    return {
        "id": event.id,
        "source": event.source,
        "occurred_at": event.occurred_at.isoformat(),
        "received_at": event.received_at.isoformat(),
        "client": event.client,
        "project": event.project,
        "provider": event.provider,
        "model": event.model,
        "variant": event.variant,
        "feature": event.feature,
        "environment": event.environment,
        "tokens": event.tokens,
        "cost": None if event.cost is None else plain(event.cost),
        "unpriced_reason": event.unpriced_reason or None,
        "is_void": event.is_void,
    }


def detail_data(detail: EventDetail) -> Json:
    lines: list[Json] = []
    for each in detail.lines:
        price = each.price
        lines.append(
            line_data(each.line)
            | {
                "price": {
                    "model": price.model,
                    "since": price.since and price.since.isoformat(),
                    "until": price.until and price.until.isoformat(),
                    "over_prompt_tokens": price.over_prompt_tokens,
                    "speed": price.speed,
                    "source": price.source,
                    "checked_on": price.checked_on and price.checked_on.isoformat(),
                }
            }
        )
    uncached = detail.cost_uncached
    return summary_data(detail.summary) | {
        "cost_uncached": None if uncached is None else plain(uncached),
        "usage": detail.usage,
        "lines": lines,
        "split": [
            {
                "component": each.component,
                "tokens": dict(zip(TOKEN_CLASSES, each.tokens, strict=True)),
                "cost": plain(each.cost),
            }
            for each in detail.split
        ],
        "corrections": [
            {
                "kind": each.kind,
                "made_at": each.at.isoformat(),
                "actor": each.actor,
                "reason": each.reason,
                "old_cost": None if each.old_cost is None else plain(each.old_cost),
                "new_cost": None if each.new_cost is None else plain(each.new_cost),
                "price_id": None if each.price_id is None else str(each.price_id),
            }
            for each in detail.history
        ],
        **detail.facts,
    }
