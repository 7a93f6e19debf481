"""Wiring only: settings, routes, processes."""

from costtrack.celery import app as celery_app

__all__ = ["celery_app"]
