"""Sealed: secrets that are read again (addresses with a token in them, signing secrets), at rest.

In:   a secret text.   Out: a Fernet token, and back.
Keys: KEY_RING, separate from SECRET_KEY. The first key seals, every key opens: put a new one in front, and take
      the old one away when nothing is left that it sealed (docs/runbook.md).
Never: in a log, a page, an answer or the audit log.
"""

from functools import cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings


class CannotOpen(ValueError):
    """No key of the ring opens this: the key that sealed it is gone."""


def seal(secret: str) -> str:
    return _ring(tuple(settings.KEY_RING)).encrypt(secret.encode()).decode()


def opened(sealed: str) -> str:
    """The secret that was sealed; CannotOpen when the ring has lost its key."""
    try:
        return _ring(tuple(settings.KEY_RING)).decrypt(sealed.encode()).decode()
    except InvalidToken as error:
        raise CannotOpen("no key of KEY_RING opens this") from error


def is_ring(keys: list[str]) -> bool:
    """Whether there is a key, and each is 32 bytes in URL-safe base64."""
    try:
        return bool(_ring(tuple(keys)))
    except ValueError:
        return False


@cache
def _ring(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])
