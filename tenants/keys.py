"""API keys: how one is made, and how a presented one is looked up.

A key is `ct_` + 43 characters that carry 256 random bits + 8 of a CRC, so that a mistyped key is refused
without a query. Only its SHA-256 is stored; a plain hash suffices because the key itself is random.
"""

import hashlib
import re
import secrets
import zlib
from dataclasses import dataclass, replace
from datetime import datetime

from django.db import connection

_SHAPE = re.compile(r"ct_[A-Za-z0-9_-]{43}[0-9a-f]{8}")
PREFIX_LENGTH = 11
REMEMBERED = 1_000


@dataclass(frozen=True, slots=True)
class FoundKey:
    """A valid key, as the lookup function returns it."""

    id: int
    tenant_id: int
    scopes: frozenset[str]
    project: str
    """The slug of the project it is bound to; '' = to none."""
    prefix: str
    last_used_at: datetime | None
    digest: bytes = b""
    on_trust: bool = False
    """Remembered, and not looked up: it may be expired or revoked by now, so it opens nothing by itself."""


_remembered: dict[bytes, FoundKey] = {}


def new_secret() -> str:
    body = "ct_" + secrets.token_urlsafe(32)
    return body + _check(body)


def prefix_of(secret: str) -> str:
    """The part of a key that may be shown."""
    return secret[:PREFIX_LENGTH]


def digest_of(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


def is_well_formed(secret: str) -> bool:
    return bool(_SHAPE.fullmatch(secret)) and secret[-8:] == _check(secret[:-8])


def find_key(secret: str, *, now: datetime) -> FoundKey | None:
    """The key behind a presented secret, or None when it is unknown, expired or revoked.

    No tenant is known yet, so this asks the one database function that may look across tenants.
    """
    if not is_well_formed(secret):
        return None
    digest = digest_of(secret)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, tenant_id, scopes, project, prefix, last_used_at FROM api_key_lookup(%s, %s)",
            [digest, now],
        )
        row = cursor.fetchone()
    if row is None:
        _remembered.pop(digest, None)
        return None
    found = FoundKey(row[0], row[1], frozenset(row[2]), row[3], row[4], row[5], digest)
    remember_key(found)
    return found


def remember_key(key: FoundKey) -> None:
    if len(_remembered) >= REMEMBERED:
        _remembered.clear()
    _remembered[key.digest] = replace(key, on_trust=True)


def remembered_key(secret: str) -> FoundKey | None:
    """What was found under this secret before, on trust: nobody is asked.

    What a key is never changes, only until when it is valid. Whoever takes one on trust has it confirmed by
    the very statement that reads or stores something for it.
    """
    return _remembered.get(digest_of(secret))


def _check(body: str) -> str:
    return f"{zlib.crc32(body.encode()):08x}"
