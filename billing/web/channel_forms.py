"""The form of a channel: a name and an address, with the words of its kind."""

from dataclasses import dataclass

from django import forms

from billing.flow.channels import NAME_AT_MOST
from billing.models import ChannelKind


@dataclass(frozen=True, slots=True)
class KindWords:
    """How a kind of channel is explained, and where its address is found."""

    kind: ChannelKind
    what: str
    label: str
    example: str
    steps: tuple[str, ...]

    @property
    def name(self) -> str:
        return self.kind.label


FORMS: dict[str, KindWords] = {
    ChannelKind.EMAIL: KindWords(
        ChannelKind.EMAIL,
        "A mailbox that several people read. Owners of budgets get their mail without it.",
        "Address",
        "finops@example.com",
        ("Messages come from the address that your operator has set.",),
    ),
    ChannelKind.SLACK: KindWords(
        ChannelKind.SLACK,
        "A channel of your Slack workspace.",
        "Webhook URL",
        "hooks.slack.com/services/T…/B…/…",
        (
            "In Slack open Apps and add “Incoming Webhooks”.",
            "Choose the channel and copy the webhook URL.",
        ),
    ),
    ChannelKind.TEAMS: KindWords(
        ChannelKind.TEAMS,
        "A channel of Microsoft Teams.",
        "Workflow URL",
        "prod-12.westeurope.logic.azure.com/workflows/…",
        (
            "In Teams open the channel’s menu, then Workflows.",
            "Choose “Post to a channel when a webhook request is received” and copy its URL.",
        ),
    ),
    ChannelKind.WEBHOOK: KindWords(
        ChannelKind.WEBHOOK,
        "A program of yours: JSON, signed by Standard Webhooks.",
        "URL",
        "costs.example.com/costtrack",
        (
            "It gets a POST with type, timestamp, data and message, and answers 2xx within 10 seconds.",
            "The next page shows the secret, once. Check the signature with any library of"
            " standardwebhooks.com, and drop a webhook-id that you have seen.",
        ),
    ),
}


class ChannelForm(forms.Form):
    """Checks shape; billing/flow/channels.py decides whether anything may be sent there."""

    name = forms.CharField(
        max_length=NAME_AT_MOST, help_text="How you speak of it: “#ai-costs”, “FinOps mailbox”."
    )
    target = forms.CharField(max_length=2000)

    def __init__(self, words: KindWords, data: object = None) -> None:
        super().__init__(data)  # type: ignore[arg-type]
        self.fields["target"].label = words.label
        begins = "" if words.kind == ChannelKind.EMAIL else "It begins with https, "
        self.fields["target"].help_text = f"{begins}such as {words.example}"
