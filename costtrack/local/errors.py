"""What stops a local start, in words for the person at the terminal."""


class LocalError(Exception):
    """The message is shown as it is: it says what is wrong and what to do."""
