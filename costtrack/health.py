"""/livez says that the process answers; /readyz says that it can do its work, part by part."""

from collections.abc import Callable

from django.contrib.auth.decorators import login_not_required
from django.core.cache import cache
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe

from costtrack.checks import database_walls


@login_not_required
@require_safe
def livez(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"status": "ok"})


@login_not_required
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """200 when every part is ok, 503 otherwise; the broker alone does not make it unready.

    Ingest and pages are right without a broker, so its loss is shown and not made worse.
    """
    parts = {"database": _database, "migrations": _migrations, "walls": _walls}
    results = {name: _state(probe) for name, probe in parts.items()}
    ready = all(state == "ok" for state in results.values())
    results["broker"] = _state(_broker)
    return JsonResponse({"ready": ready, "parts": results}, status=200 if ready else 503)


def _state(probe: Callable[[], str]) -> str:
    try:
        return probe()
    except (DatabaseError, OSError) as error:
        return f"down: {type(error).__name__}"


def _database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return "ok"


def _migrations() -> str:
    executor = MigrationExecutor(connection)
    pending = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return "ok" if not pending else f"{len(pending)} not applied"


def _walls() -> str:
    return "ok" if not database_walls(databases=["default"]) else "open"


def _broker() -> str:
    cache.set("ready", 1, 60)
    return "ok" if cache.get("ready") else "down"
