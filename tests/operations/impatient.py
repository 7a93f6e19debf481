"""The application with a short bound on statements, for tests that wait for it."""

from datetime import timedelta

import tenants.scoping

tenants.scoping.ANSWER_WITHIN = timedelta(seconds=3)

from costtrack.wsgi import application  # noqa: E402, F401  every door reads the bound when it is imported
