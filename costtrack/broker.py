"""Celery's Redis transport, mended: a broker that is gone is a lost connection and nothing worse.

kombu 5.7 closes a lost connection under its channels. A task that then acknowledges its message, or the
channel that is being closed, asks the closed connection for its address and gets an AttributeError, which
Celery takes for unrecoverable: the worker ended every second time that Redis was killed (tests/faults), once
after hanging for half a minute. As a connection error the same is logged, and the worker connects again.
"""

from typing import Any

from kombu.transport.redis import Channel, Transport
from redis.exceptions import ConnectionError as ConnectionLost


class MendedChannel(Channel):
    """What a closed connection is asked for is refused as what it is."""

    def _connparams(self, asynchronous: bool = False) -> Any:
        if self.connection.client is None:
            raise ConnectionLost("the connection to the broker was closed")
        return super()._connparams(asynchronous)  # type: ignore[misc]  # not in the stubs


def mend_transport() -> None:
    """Before the first connection; the classes of a URL's transport cannot be chosen in the settings."""
    Transport.Channel = MendedChannel
