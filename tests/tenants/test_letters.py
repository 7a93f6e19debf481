"""Every mail that allauth can send about an account is written in our words."""

import re
from pathlib import Path

import allauth
import pytest
from django.utils import timezone

from tenants.letters import ASKED_FOR, CHANGED, account_letter, mail_of

FOLDER = Path(allauth.__file__).parent / "templates"
NOT_ASKED = {
    "email_confirmation",  # addresses are not confirmed by mail
    "email_confirmation_signup",
    "password_reset_code",  # a link is sent
}
NAMES = {
    path.name.removesuffix("_message.txt")
    for app in ("account", "mfa", "socialaccount")
    for path in (FOLDER / app / "email").glob("*_message.txt")
} - {"base"}
CONTEXT = {
    "password_reset_url": "https://costs.test/reset",
    "code": "ABCD-EFGH",
    "timestamp": timezone.now(),
    "ip": "192.0.2.7",
    "user_agent": "Firefox <script>",
}


def test_there_is_a_letter_for_every_mail():
    assert set(ASKED_FOR) | set(CHANGED) == NAMES - NOT_ASKED


@pytest.mark.parametrize("name", sorted({*ASKED_FOR, *CHANGED}))
def test_a_letter_says_the_same_as_text_and_as_html(name):
    letter = account_letter(name, CONTEXT)

    mail = mail_of(letter, to="ana@acme.test")

    (html, kind) = mail.alternatives[0]
    assert kind == "text/html"
    assert "<script>" not in html
    assert letter.headline in mail.body
    for link in letter.links:
        assert link.url in mail.body and link.url in html
    assert not re.search(r"example\.com|\{\{|\{%", mail.body + html)
    assert len(letter.subject) < 70
