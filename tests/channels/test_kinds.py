"""What each kind of channel makes of one message."""

import json
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from django.utils import timezone
from standardwebhooks import Webhook, WebhookVerificationError

from billing.channels import slack, teams, webhook
from billing.channels.message import Link, Message
from billing.channels.outgoing import Outgoing
from tests.channels.sinks import http_server

MESSAGE = Message(
    kind="budget.threshold",
    subject="80 % of Support used",
    headline="80 % used: $812.40 of $1,000.00.",
    facts=(("Left", "9 days"), ("Responsible", "Ana")),
    links=(Link("Acknowledge", "https://costs.test/a/1"), Link("Budget", "https://costs.test/b/1")),
    data={"percent": 80, "used": "812.40", "at": "2026-11-22T10:00:00+00:00"},
)
HOSTILE = Message(
    kind="x",
    subject="<!channel> *bold*",
    headline="<https://evil.test|click> [here](https://evil.test) & @everyone",
    facts=(("_a_", "[b](https://evil.test)"),),
    links=(),
    data={},
)
MADE = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)


@pytest.fixture
def endpoint(settings):
    settings.LOOPBACK_CHANNELS = True
    with http_server() as found:
        yield found


def outgoing(endpoint, *secrets, message=MESSAGE):
    return Outgoing(message, UUID(int=7), MADE, endpoint.url, secrets)


def sent(endpoint):
    _, headers, body = endpoint.requests[-1]
    return headers, json.loads(body)


# --- Webhook ---------------------------------------------------------------------------------------


def test_the_reference_library_accepts_our_signature(endpoint):
    secret = webhook.new_secret()

    webhook.send(outgoing(endpoint, secret), now=timezone.now())

    _, headers, body = endpoint.requests[0]
    assert Webhook(secret).verify(body, headers) == {
        "type": "budget.threshold",
        "timestamp": "2026-11-22T10:00:00+00:00",
        "data": MESSAGE.data,
        "message": {
            "subject": MESSAGE.subject,
            "headline": MESSAGE.headline,
            "facts": [
                {"label": "Left", "value": "9 days"},
                {"label": "Responsible", "value": "Ana"},
            ],
            "links": [
                {"label": "Acknowledge", "url": "https://costs.test/a/1"},
                {"label": "Budget", "url": "https://costs.test/b/1"},
            ],
        },
    }
    assert headers["webhook-id"] == "msg_" + "0" * 31 + "7"
    assert headers["Content-Type"] == "application/json"
    with pytest.raises(WebhookVerificationError):
        Webhook(webhook.new_secret()).verify(body, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(body.replace(b"812.40", b"112.40"), headers)


def test_while_a_secret_changes_the_holder_of_either_accepts(endpoint):
    new, old = webhook.new_secret(), webhook.new_secret()

    webhook.send(outgoing(endpoint, new, old), now=timezone.now())

    _, headers, body = endpoint.requests[0]
    assert Webhook(new).verify(body, headers)
    assert Webhook(old).verify(body, headers)


def test_a_later_attempt_has_a_new_time_and_the_same_id_and_body(endpoint):
    secret = webhook.new_secret()

    for at in (timezone.now() - timedelta(hours=1), timezone.now()):
        webhook.send(outgoing(endpoint, secret), now=at)

    (_, first, body), (_, second, again) = endpoint.requests
    assert (first["webhook-id"], body) == (second["webhook-id"], again)
    assert Webhook(secret).verify(again, second)
    with pytest.raises(WebhookVerificationError, match="too old"):
        Webhook(secret).verify(body, first)


# --- Slack -----------------------------------------------------------------------------------------


def test_slack_gets_blocks_and_a_text_for_the_notification(endpoint):
    slack.send(outgoing(endpoint), now=MADE)

    body = sent(endpoint)[1]
    assert body["text"] == MESSAGE.headline
    assert [each["type"] for each in body["blocks"]] == ["header", "section", "section", "actions"]
    assert body["blocks"][2]["fields"][0]["text"] == "Left\n9 days"
    assert body["blocks"][3]["elements"][0]["url"] == "https://costs.test/a/1"


def test_a_name_mentions_nobody_in_slack_and_hides_no_link():
    body = slack.payload(HOSTILE)

    assert body["text"] == (
        "&lt;https://evil.test|click&gt; [here](https://evil.test) &amp; @everyone"
    )
    texts = [body["blocks"][0]["text"], body["blocks"][1]["text"], *body["blocks"][2]["fields"]]
    assert {each["type"] for each in texts} == {"plain_text"}


def test_slack_is_never_sent_more_than_it_takes():
    facts = tuple((f"label {number}", "v" * 5000) for number in range(23))
    body = slack.payload(Message("x", "s" * 500, "h" * 5000, facts, (), {}))

    sections = [each["fields"] for each in body["blocks"] if "fields" in each]
    assert [len(each) for each in sections] == [10, 10, 3]
    assert max(len(each["text"]) for fields in sections for each in fields) == 2000
    assert len(body["blocks"][0]["text"]["text"]) == 150
    assert len(body["blocks"][1]["text"]["text"]) == 3000


# --- Teams -----------------------------------------------------------------------------------------


def test_teams_gets_an_adaptive_card(endpoint):
    teams.send(outgoing(endpoint), now=MADE)

    attachment = sent(endpoint)[1]["attachments"][0]
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    card = attachment["content"]
    assert [each["type"] for each in card["body"]] == ["TextBlock", "TextBlock", "FactSet"]
    assert card["actions"][0] == {
        "type": "Action.OpenUrl",
        "title": "Acknowledge",
        "url": "https://costs.test/a/1",
    }


def test_a_name_is_no_mark_up_in_teams():
    body = teams.payload(HOSTILE)["attachments"][0]["content"]["body"]

    assert body[1]["text"].endswith(r"\[here\]\(https://evil.test\) & @everyone")
    assert body[2]["facts"] == [{"title": r"\_a\_", "value": r"\[b\]\(https://evil.test\)"}]
