"""The worker's door: a scoped task runs as one tenant and wholly or not at all; another task sees no tenant."""

import pytest
from celery import Celery

from billing import tasks
from tenants.models import Client
from tenants.scoping import NoActiveTenant, active_scope
from tenants.tasks import ScopedTask
from tests.factories import event

app = Celery("test", set_as_current=False)


@app.task(base=ScopedTask)
def make_client(*, tenant_id, slug, breaks=False):
    Client.objects.create(slug=slug, name=slug)
    if breaks:
        raise RuntimeError("half-way")
    return active_scope().tenant_id


@app.task
def list_clients():
    return list(Client.objects.all())


def slugs(company):
    with company.scope():
        return set(Client.objects.values_list("slug", flat=True))


@pytest.mark.smoke
def test_a_scoped_task_works_for_its_tenant_only(committed):
    assert make_client(tenant_id=committed.acme.tenant.pk, slug="new") == committed.acme.tenant.pk

    assert "new" in slugs(committed.acme)
    assert "new" not in slugs(committed.brix)
    with pytest.raises(NoActiveTenant):
        active_scope()


def test_a_scoped_task_that_breaks_keeps_nothing(committed):
    with pytest.raises(RuntimeError):
        make_client(tenant_id=committed.acme.tenant.pk, slug="new", breaks=True)

    assert "new" not in slugs(committed.acme)


def test_a_task_without_a_tenant_sees_no_tenant(committed):
    with pytest.raises(NoActiveTenant):
        list_clients()
    with pytest.raises((KeyError, TypeError)):
        make_client(slug="new")


@pytest.mark.smoke
def test_folding_one_company_leaves_the_other_ones_journal(world):
    for company in (world.acme, world.brix):
        company.post(event())

    tasks.fold(tenant_id=world.acme.tenant.pk)

    assert world.acme.fold().entries == 0
    assert world.brix.fold().entries == 1


def test_the_sweep_rings_for_each_company_that_has_something_due(world, monkeypatch):
    rung = []
    monkeypatch.setattr(tasks, "ring", rung.append)
    world.brix.post(event())

    tasks.sweep()

    assert rung == [world.brix.tenant.pk]
