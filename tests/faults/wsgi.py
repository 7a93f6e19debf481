"""The web door with the points of death in it; gunicorn serves this instead of costtrack.wsgi."""

from costtrack.wsgi import application

from billing.api import ingest  # isort: skip  needs the apps loaded
from billing.flow import doorbell, intake, void  # isort: skip
from tests.faults.points import watch_web

__all__ = ["application"]

watch_web(ingest=ingest, intake=intake, doorbell=doorbell, void=void)
