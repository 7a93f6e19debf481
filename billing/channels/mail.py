"""Mail: a message as plain text and as calm HTML, over the SMTP server of EMAIL_URL.

Permanent is only what the server says of the recipient; one that is away, full or refuses us is asked again.
"""

import smtplib
from datetime import datetime
from email.utils import format_datetime

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string

from billing.channels.message import Message
from billing.channels.outgoing import NotSent, Outgoing

POLICY = b"5.7."
"""Enhanced status of a server that will not relay, or refuses us: nothing is wrong with the recipient."""


def send(outgoing: Outgoing, *, now: datetime) -> str:
    """Hand it to the mail server. The same outgoing message has the same Message-ID in every attempt."""
    headers = {
        "Message-ID": outgoing.mail_id,
        "Date": format_datetime(outgoing.made_at),
        "Auto-Submitted": "auto-generated",
    }
    if stop := outgoing.message.unsubscribe:  # by one click, RFC 8058
        headers |= {"List-Unsubscribe": f"<{stop}>"}
        headers |= {"List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
    mail = EmailMultiAlternatives(
        subject=outgoing.message.subject,
        body=as_text(outgoing.message),
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[outgoing.address],
        headers=headers,
    )
    mail.attach_alternative(as_html(outgoing.message), "text/html")
    try:
        mail.send()
    except smtplib.SMTPRecipientsRefused as error:
        raise _refused(error) from error
    except smtplib.SMTPResponseException as error:
        raise NotSent(
            f"SMTP {error.smtp_code}", f"The mail server refused it with {error.smtp_code}."
        ) from error
    except (smtplib.SMTPException, OSError) as error:
        raise NotSent(type(error).__name__, "The mail server did not answer.") from error
    return "accepted"


def as_text(message: Message) -> str:
    """Headline, facts and links: what a reader without HTML sees."""
    paragraphs = [message.headline]
    if message.facts:
        paragraphs.append("\n".join(f"{label}: {value}" for label, value in message.facts))
    if message.links:
        paragraphs.append("\n".join(f"{link.label}: {link.url}" for link in message.links))
    return "\n\n".join(paragraphs) + "\n"


def as_html(message: Message) -> str:
    return render_to_string("emails/message.html", {"message": message})


def _refused(error: smtplib.SMTPRecipientsRefused) -> NotSent:
    code, said = next(iter(error.recipients.values()))
    is_permanent = code >= 500 and POLICY not in said
    words = (
        f"The mail server says that this address takes no mail ({code})."
        if is_permanent
        else f"The mail server did not take it for this address ({code})."
    )
    return NotSent(f"SMTP {code}", words, is_permanent=is_permanent)
