"""The web door for gunicorn; it opens only when both walls stand."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "costtrack.settings")
application = get_wsgi_application()

from costtrack.checks import refuse_unsafe_start  # noqa: E402  needs the apps loaded

refuse_unsafe_start()
