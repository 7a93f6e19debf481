"""App `costtrack`: the wiring, its start-up checks and its commands."""

from django.apps import AppConfig
from django.conf import settings

from costtrack import checks, logs


class CosttrackConfig(AppConfig):
    name = "costtrack"

    def ready(self) -> None:
        logs.configure(with_messages=settings.DEBUG)
        checks.register_all()
