"""The pages of channels and deliveries, as somebody who sets them up sees them."""

import re

import pytest
from django.utils import timezone

from billing.flow.channels import create_channel, disable_channel
from billing.models import Channel, Delivery
from tenants.actions import add_member
from tenants.models import AuditEntry, Role, User
from tests.channels.sinks import http_server
from tests.channels.test_deliver import Hours, send, told
from tests.look.test_pages import queries_of, text_of

SLACK = "https://hooks.slack.com/services/T0/B0/very-secret-token"
HOOK = "https://bot.example.com:8443/very-secret-path"


@pytest.fixture
def ana(client, world):
    client.force_login(world.ana)
    return client


@pytest.fixture
def slack(world):
    with world.acme.scope():
        return create_channel(actor=world.ana, kind="slack", name="#ai-costs", target=SLACK).channel


def only(world, model=Channel):
    with world.acme.scope():
        return model.objects.order_by("-id").first()


def test_an_empty_page_says_the_next_step(ana, world):
    text = text_of(ana.get("/t/acme/channels/"))

    assert "Add one below, then choose it at a budget." in text
    assert all(kind in text for kind in ("E-mail", "Slack", "Microsoft Teams", "Webhook"))


def test_where_mail_goes_to_the_log_the_page_says_so(ana, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
    assert "Mail reaches nobody yet" in text_of(ana.get("/t/acme/channels/"))

    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    assert "Mail reaches nobody yet" not in text_of(ana.get("/t/acme/channels/"))


@pytest.mark.parametrize(
    ("kind", "target", "shown"),
    [
        ("email", "finops@acme.test", "finops@acme.test"),
        ("slack", SLACK, "hooks.slack.com"),
        (
            "teams",
            "https://prod-1.westeurope.logic.azure.com/x",
            "prod-1.westeurope.logic.azure.com",
        ),
    ],
)
def test_a_channel_is_made_from_the_form_of_its_kind(ana, world, kind, target, shown):
    form = text_of(ana.get(f"/t/acme/channels/new/{kind}/"))
    answer = ana.post(f"/t/acme/channels/new/{kind}/", {"name": "Ops", "target": target})

    channel = only(world)
    assert "such as" in form
    assert (answer.status_code, answer.headers["Location"]) == (
        302,
        f"/t/acme/channels/{channel.pk}/",
    )
    assert (channel.kind, channel.shown) == (kind, shown)
    assert target not in channel.target


@pytest.mark.parametrize(
    ("kind", "target", "words"),
    [
        ("email", "nobody", "This is no e-mail address."),
        ("slack", "https://hooks.example.com/x", "begins with https://hooks.slack.com/"),
        ("teams", "http://example.com/x", "must begin with https://"),
        ("webhook", "https://me:pw@example.com/x", "must not hold a user name"),
        ("webhook", "https://example.com:22/x", "The port must be 443"),
        ("webhook", "no address", "This is not an address"),
    ],
)
def test_a_wrong_address_is_said_at_its_field(ana, world, kind, target, words):
    answer = ana.post(f"/t/acme/channels/new/{kind}/", {"name": "Ops", "target": target})

    assert answer.status_code == 422
    assert words in answer.context["form"].errors["target"][0]
    assert only(world) is None


def test_a_webhooks_secret_is_shown_once_and_again_when_it_changes(ana, world):
    made = ana.post("/t/acme/channels/new/webhook/", {"name": "Bot", "target": HOOK})
    channel = only(world)
    first = re.search(r"whsec_[\w+/=]+", made.content.decode()).group()
    page = ana.get(f"/t/acme/channels/{channel.pk}/")
    changed = ana.post(f"/t/acme/channels/{channel.pk}/rotate/")
    second = re.search(r"whsec_[\w+/=]+", changed.content.decode()).group()

    assert (made.status_code, made.headers["Cache-Control"]) == (201, "private, no-store")
    assert first != second
    assert "whsec_" not in page.content.decode()
    assert "the old secret as well" in text_of(changed)
    assert "The secret before this one signs until" in text_of(
        ana.get(f"/t/acme/channels/{channel.pk}/")
    )


def test_a_test_is_a_real_message_and_its_page_says_what_became_of_it(ana, world, settings):
    settings.LOOPBACK_CHANNELS = True
    with http_server() as endpoint:
        with world.acme.scope():
            made = create_channel(actor=world.ana, kind="slack", name="Ops", target=endpoint.url)
        page = f"/t/acme/channels/{made.channel.pk}/"
        ana.post(f"{page}test/")
        waiting = ana.get(page)
        again = ana.post(f"{page}test/", follow=True)
        send(world, Hours())
        done = ana.get(page)

    assert waiting.headers["Refresh"] == "2"
    assert "on its way" in text_of(waiting)
    assert "A test was sent within this minute." in text_of(again)
    assert len(endpoint.requests) == 1
    assert b"This is a test: messages of Acme reach Ops." in endpoint.requests[0][2]
    assert "Refresh" not in done.headers
    assert "sent" in text_of(done)
    assert "works" in text_of(done)


def test_the_page_of_a_channel_shows_what_a_message_looks_like_there(ana, slack):
    text = text_of(ana.get(f"/t/acme/channels/{slack.pk}/"))

    assert "Slack blocks" in text
    assert "&quot;type&quot;: &quot;header&quot;" in text


def test_a_channel_is_switched_off_and_on_and_archived(ana, world, slack):
    page = f"/t/acme/channels/{slack.pk}/"

    off = text_of(ana.post(f"{page}off/", follow=True))
    test = ana.post(f"{page}test/")
    on = text_of(ana.post(f"{page}on/", follow=True))
    archived = text_of(ana.post(f"{page}archive/", follow=True))

    assert "ana@acme.test switched it off." in off
    assert test.status_code == 404
    assert "Send a test" in on
    assert "Its address is forgotten" in archived
    assert (only(world).target, only(world).shown) == ("", "hooks.slack.com")
    assert ana.post(f"{page}on/").status_code == 404
    with world.acme.scope():
        actions = set(AuditEntry.objects.values_list("action", flat=True))
    assert actions >= {f"channel.{verb}" for verb in ("created", "disabled", "enabled", "archived")}


def test_what_failed_can_be_sent_again_from_its_page_once_the_channel_is_on(ana, world, slack):
    with world.acme.scope():
        disable_channel(slack, actor=world.ana, now=timezone.now())
    told(world, channels=[slack])
    page = f"/t/acme/deliveries/{only(world, Delivery).pk}/"

    off = text_of(ana.get(page))
    ana.post(f"/t/acme/channels/{slack.pk}/on/")
    on = text_of(ana.get(page))
    again = ana.post(f"{page}again/", follow=True)

    assert "switch it on to send this again" in off
    assert "Send it again" in on
    assert "It is on its way again." in text_of(again)
    assert only(world, Delivery).state == "due"
    assert "Only what failed is sent again." in text_of(ana.post(f"{page}again/", follow=True))


def test_the_page_of_a_persons_mail_leaves_out_its_links(ana, world, slack):
    told(world, people=[world.ana])
    to_person = ana.get(f"/t/acme/deliveries/{only(world, Delivery).pk}/").content.decode()
    told(world, about="alert:2", channels=[slack])
    to_channel = ana.get(f"/t/acme/deliveries/{only(world, Delivery).pk}/").content.decode()

    assert "80 % used: $812.40" in to_person
    assert "costs.test/a/1" not in to_person
    assert "costs.test/a/1" in to_channel


def test_the_log_goes_on_page_by_page_and_shows_what_failed(ana, world, slack):
    for number in range(60):
        told(world, about=f"alert:{number}", people=[world.ana])
    with world.acme.scope():
        Delivery.objects.filter(about="alert:3").update(state="failed", error="No such mailbox.")

    first = ana.get("/t/acme/deliveries/")
    second = ana.get("/t/acme/deliveries/?" + first.context["older"])
    failed = ana.get("/t/acme/deliveries/?state=failed")

    assert [len(page.context["deliveries"]) for page in (first, second, failed)] == [50, 10, 1]
    assert "No such mailbox." in text_of(failed)
    assert ana.get("/t/acme/deliveries/?before=x&state=y").status_code == 200


def test_pages_ask_the_same_few_questions_however_many_messages_there_are(ana, world, slack):
    pages = ["/t/acme/channels/", f"/t/acme/channels/{slack.pk}/", "/t/acme/deliveries/"]
    before = [len(queries_of(ana, page)) for page in pages]
    for number in range(40):
        told(world, about=f"alert:{number}", people=[world.ana], channels=[slack])

    assert [len(queries_of(ana, page)) for page in pages] == before
    assert max(before) <= 8


def test_finance_may_set_up_channels_and_members_may_not(client, world):
    with world.acme.scope():
        for role in (Role.FINANCE, Role.MEMBER):
            add_member(actor="test", email=f"{role}@acme.test", role=role)
    found = {}
    for role in ("finance", "member"):
        client.force_login(User.objects.get(email=f"{role}@acme.test"))
        shown = "Channels" in client.get("/t/acme/").content.decode()
        found[role] = (client.get("/t/acme/channels/").status_code, shown)

    assert found == {"finance": (200, True), "member": (403, False)}
