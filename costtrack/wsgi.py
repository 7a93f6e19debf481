"""The web door for gunicorn; it opens only when both walls stand."""

import gc
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "costtrack.settings")
application = get_wsgi_application()

from costtrack.celery import IN_A_REQUEST, app  # noqa: E402
from costtrack.checks import refuse_unsafe_start  # noqa: E402  needs the apps loaded

refuse_unsafe_start()
app.conf.broker_transport_options |= IN_A_REQUEST

# What is loaded now stays for ever. Without this the garbage collector looks through all of it again and again
# while batches are taken in: a tenth to a fifth of ingest's processor time (docs/performance.md).
gc.collect()
gc.freeze()
