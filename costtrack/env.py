"""Typed readers of environment variables: the only place that touches os.environ for settings.

In: environment variables.  Out: str, bool, int, list and Django database settings.
A value that cannot be read stops the start with its name and what was expected.
"""

import os
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

MAIL_URL = "smtp://user:password@mail.example.com:587?tls=1"


def text(name: str, *, default: str = "") -> str:
    return os.environ.get(name, default)


def flag(name: str, *, default: bool) -> bool:
    value = os.environ.get(name, "").strip().lower()
    if not value:
        return default
    if value in {"1", "true", "yes", "on"}:
        return True
    if value in {"0", "false", "no", "off"}:
        return False
    raise ImproperlyConfigured(f"{name} must be true or false, not {value!r}")


def number(name: str, *, default: int) -> int:
    value = os.environ.get(name, "")
    try:
        return int(value) if value else default
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} must be a whole number, not {value!r}") from error


def words(name: str, *, default: str = "") -> list[str]:
    return [word.strip() for word in text(name, default=default).split(",") if word.strip()]


def postgres(url: str) -> dict[str, Any]:
    """Django's database settings for `postgresql://user:password@host:port/name?host=/socket/dir`."""
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"}:
        raise ImproperlyConfigured("DATABASE_URL must begin with postgresql://")
    query = {key: values[-1] for key, values in parse_qs(parts.query).items()}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": query.pop("host", None) or unquote(parts.hostname or ""),
        "PORT": str(parts.port or query.pop("port", "")),
        "OPTIONS": dict(query),
    }


def celery_broker(redis_url: str) -> str:
    """The Celery spelling of a Redis URL: `unix:///path?db=0` becomes `redis+socket://…`."""
    if not redis_url.startswith("unix://"):
        return redis_url
    parts = urlsplit(redis_url)
    database = parse_qs(parts.query).get("db", ["0"])[-1]
    return f"redis+socket://{parts.path}?virtual_host={database}"


def mail(url: str) -> dict[str, Any]:
    """Mail settings for `smtp://user:password@host:port` (`smtps` = TLS at once, `?tls=1` = STARTTLS).

    Without a URL mails are written to the console, which is what local mode wants.
    """
    if not url:
        return {"EMAIL_BACKEND": "django.core.mail.backends.console.EmailBackend"}
    parts, query = urlsplit(url), parse_qs(urlsplit(url).query)
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
        raise ImproperlyConfigured(f"EMAIL_URL must be like {MAIL_URL}, or smtps://…")
    tls = query.pop("tls", ["0"])[-1]
    if query or tls not in {"0", "1"} or parts.path.strip("/"):
        raise ImproperlyConfigured("EMAIL_URL takes ?tls=1 behind the port and nothing else")
    try:
        port = parts.port
    except ValueError:
        # the cause would quote what stands there: a password with an unquoted slash in it
        raise ImproperlyConfigured(f"EMAIL_URL has no such port; {MAIL_URL}") from None
    return {
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "EMAIL_HOST": parts.hostname,
        "EMAIL_PORT": port or (465 if parts.scheme == "smtps" else 25),
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_SSL": parts.scheme == "smtps",
        "EMAIL_USE_TLS": tls == "1",
        "EMAIL_TIMEOUT": 10,
    }


def oidc() -> dict[str, Any]:
    """The one OpenID Connect provider, as allauth's app; empty unless address, id and secret are all given."""
    found = {name: text(f"OIDC_{name}") for name in ("SERVER_URL", "CLIENT_ID", "CLIENT_SECRET")}
    if not any(found.values()):
        return {}
    missing = [f"OIDC_{name}" for name, value in found.items() if not value]
    if missing:
        raise ImproperlyConfigured(f"{', '.join(missing)} must be set as well, or none of OIDC_…")
    return {
        "provider_id": "company",
        "name": text("OIDC_NAME", default="your company account"),
        "client_id": found["CLIENT_ID"],
        "secret": found["CLIENT_SECRET"],
        "settings": {"server_url": found["SERVER_URL"]},
    }
