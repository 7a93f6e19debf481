"""/livez says that the process answers; /readyz says that it can do its work, part by part."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from costtrack.condition import condition, is_ready


@login_not_required
@require_safe
def livez(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"status": "ok"})


@login_not_required
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """200 while this process can serve, 503 when it cannot; ages are seconds (docs/runbook.md)."""
    parts = condition(now=timezone.now())
    body = {
        "ready": is_ready(parts),
        "alarms": [part.name for part in parts if part.is_alarm],
        "parts": {
            part.name: {
                "state": part.state,
                "age": None if part.age is None else int(part.age.total_seconds()),
            }
            for part in parts
        },
    }
    return JsonResponse(body, status=200 if body["ready"] else 503)
