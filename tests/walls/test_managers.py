"""The application wall alone: the database is asked as the owner of the tables, so only managers hold.

A model that is tenant-owned is found by introspection: a new one is tried without a line here, and must
have rows in the twin data.
"""

from contextlib import suppress

import pytest
from django.db import IntegrityError, transaction
from django.db.models import F, ProtectedError, QuerySet

from tenants.models import Client, Project, Tenant
from tenants.scoping import ForeignTenant, NoActiveTenant, tenant_scope
from tests.walls.reading import GLOBAL, OWNED, READS, copy_of, free_column, keys, rows, values_of
from tests.walls.roles import database_wall_off

each_model = pytest.mark.parametrize("model", OWNED, ids=lambda model: model._meta.label)
each_changeable = pytest.mark.parametrize(
    "model", [*filter(free_column, OWNED)], ids=lambda model: model._meta.label
)


@pytest.fixture
def managers_alone(twins, monkeypatch):
    with database_wall_off(monkeypatch):
        yield twins


def unlike(model, expected):
    """The reading methods that show anything but these rows."""
    found = {name: read(model) for name, read in READS.items()}
    return {
        name: shown
        for name, shown in found.items()
        if shown != (len(expected) if isinstance(shown, int) else expected)
    }


def answered(calls, *arguments, refusal):
    """The calls that were not refused."""
    passed = []
    for name, call in calls.items():
        try:
            with transaction.atomic():
                call(*arguments)
        except refusal:
            continue
        passed.append(name)
    return passed


@pytest.mark.smoke
@each_model
def test_the_twin_data_has_rows_of_every_model_in_both_companies(managers_alone, model):
    acme, brix = managers_alone.acme, managers_alone.brix

    assert rows(model, tenant=acme.id)
    assert rows(model, tenant=brix.id)


@pytest.mark.smoke
@each_model
def test_without_a_scope_nothing_can_be_read(managers_alone, model):
    assert answered(READS, model, refusal=NoActiveTenant) == []


@each_model
def test_a_scope_shows_its_own_rows_and_all_of_them(managers_alone, model):
    acme = managers_alone.acme
    expected = keys(rows(model, tenant=acme.id))

    with tenant_scope(acme.id):
        assert unlike(model, expected) == {}


@each_model
def test_a_client_viewer_is_shown_the_own_clients_rows_or_none(managers_alone, model):
    acme = managers_alone.acme
    client = acme.company.clients["globex"].pk
    expected = keys(rows(model, tenant=acme.id, client=client))

    with tenant_scope(acme.id, client_id=client):
        assert unlike(model, expected) == {}


@pytest.mark.smoke
@each_model
def test_a_queryset_shows_the_scope_it_is_evaluated_in_not_the_one_it_was_made_in(
    managers_alone, model
):
    acme, brix = managers_alone.acme.id, managers_alone.brix.id
    made_outside = model.objects.all()
    with tenant_scope(brix):
        made_in_brix = model.objects.all()

    with tenant_scope(acme):
        assert keys(made_in_brix.all()) == keys(rows(model, tenant=acme))
        assert keys(made_outside.all()) == keys(rows(model, tenant=acme))
    with pytest.raises(NoActiveTenant):
        list(made_in_brix)


@each_model
def test_asking_for_the_other_company_by_name_finds_nothing(managers_alone, model):
    with tenant_scope(managers_alone.acme.id):
        foreign = model.objects.filter(**{model.tenant_column: managers_alone.brix.id})
        everything_but_own = model.objects.exclude(**{model.tenant_column: managers_alone.acme.id})

        assert list(foreign) == list(everything_but_own) == []
        assert (foreign.count(), foreign.exists(), foreign.first()) == (0, False, None)


@each_model
def test_without_a_scope_even_the_plan_of_a_query_is_refused(managers_alone, model):
    with pytest.raises(NoActiveTenant):
        model.objects.all().explain()
    with tenant_scope(managers_alone.acme.id):
        assert str(managers_alone.acme.id) in model.objects.all().explain()


# --- Relations ---------------------------------------------------------------------------------------


def references():
    """(model, name) of every forward reference from one tenant-owned model to another."""
    return [
        pytest.param(model, each.name, id=f"{model._meta.label}.{each.name}")
        for model in OWNED
        for each in model._meta.concrete_fields
        if each.is_relation and each.related_model in OWNED
    ]


@pytest.mark.parametrize(("model", "name"), references())
def test_a_foreign_row_in_hand_leads_to_no_other_foreign_row(managers_alone, model, name):
    foreign = [
        row
        for row in rows(model, tenant=managers_alone.brix.id)
        if getattr(row, row._meta.get_field(name).attname) is not None
    ]
    assert foreign

    with tenant_scope(managers_alone.acme.id):
        for row in foreign:
            with pytest.raises(model._meta.get_field(name).related_model.DoesNotExist):
                getattr(row, name)


def test_reverse_relations_show_own_rows_only(managers_alone):
    foreign = rows(Client, tenant=managers_alone.brix.id)
    plain = QuerySet(Client).prefetch_related("projects")

    with pytest.raises(NoActiveTenant):
        foreign[0].projects.count()
    with tenant_scope(managers_alone.acme.id):
        assert [list(each.projects.all()) for each in foreign] == [[]] * len(foreign)
        prefetched = {project.pk for client in plain for project in client.projects.all()}
        assert prefetched == keys(rows(Project, tenant=managers_alone.acme.id))


@pytest.mark.parametrize("model", GLOBAL, ids=lambda model: model._meta.label)
def test_no_join_leads_from_a_global_model_into_tenant_owned_rows(model):
    """A join is not filtered by the joined model's manager, so there must be no way in."""
    ways = [each.name for each in model._meta.get_fields() if each.related_model in OWNED]

    assert ways == []


def test_only_models_of_one_tenant_are_joined_to_each_other():
    """`tenant` has no reverse name: Tenant.objects cannot be joined to what it owns."""
    ways = [each.name for each in Tenant._meta.get_fields() if each.related_model in OWNED]

    assert ways == []


# --- Writing -----------------------------------------------------------------------------------------

WRITES = {
    "save": lambda model, row: row.save(),
    "save_forced": lambda model, row: row.save(force_update=True),
    "save_copy": lambda model, row: copy_of(row).save(force_insert=True),
    "create": lambda model, row: model.objects.create(**values_of(row)),
    "bulk_create": lambda model, row: model.objects.bulk_create([copy_of(row)]),
    "bulk_create_ignoring": lambda model, row: model.objects.bulk_create(
        [copy_of(row)], ignore_conflicts=True
    ),
    "get_or_create": lambda model, row: model.objects.get_or_create(**values_of(row)),
    "update_or_create": lambda model, row: model.objects.update_or_create(**values_of(row)),
    "delete": lambda model, row: row.delete(),
    "move": lambda model, row: model.objects.update(**{model.tenant_column: row.pk}),
}


@each_model
def test_a_foreign_row_is_not_written(managers_alone, model):
    foreign = rows(model, tenant=managers_alone.brix.id)[0]

    with tenant_scope(managers_alone.acme.id):
        assert answered(WRITES, model, foreign, refusal=ForeignTenant) == []


@each_model
def test_without_a_scope_nothing_is_written(managers_alone, model):
    row = rows(model, tenant=managers_alone.acme.id)[0]

    assert answered(WRITES, model, row, refusal=(NoActiveTenant, ForeignTenant)) == []


@each_model
def test_deleting_a_whole_table_leaves_the_other_company_alone(managers_alone, model):
    acme, brix = managers_alone.acme.id, managers_alone.brix.id
    before = [values_of(row) for row in rows(model, tenant=brix)]

    with tenant_scope(acme), suppress(ProtectedError, IntegrityError):
        model.objects.all().delete()

    assert [values_of(row) for row in rows(model, tenant=brix)] == before


@each_changeable
def test_updating_a_whole_table_touches_own_rows_only(managers_alone, model):
    column = free_column(model)

    with tenant_scope(managers_alone.acme.id):
        touched = model.objects.update(**{column: F(column)})

    assert touched == len(rows(model, tenant=managers_alone.acme.id))


@each_changeable
def test_bulk_update_of_foreign_rows_touches_nothing(managers_alone, model):
    column = free_column(model)
    foreign = rows(model, tenant=managers_alone.brix.id)

    with tenant_scope(managers_alone.acme.id):
        assert model.objects.bulk_update(foreign, [column]) == 0
