"""Set plan: keep a calculation as the next version of a project's plan. Nothing is overwritten."""

from collections.abc import Mapping, Sequence

from django.db.models import Max

from billing.models import ProjectPlan
from tenants.audit import Actor, label_of, record
from tenants.models import Project


def set_plan(
    project: Project, *, models: Sequence[str], settings: Mapping[str, str], actor: Actor
) -> ProjectPlan:
    """The new version. Two at once: one waits for the other, since both hold the project's row."""
    Project.objects.select_for_update().get(pk=project.pk)
    versions = ProjectPlan.objects.filter(project_id=project.pk)
    last = versions.aggregate(last=Max("number"))["last"] or 0
    plan = ProjectPlan.objects.create(
        project_id=project.pk,
        number=last + 1,
        model_names=list(models),
        settings=dict(settings),
        made_by=label_of(actor),
    )
    told = {"version": plan.number, "models": list(models), **settings}
    record("plan.set", actor=actor, subject=project.slug, after=told)
    return plan
