"""Migrations say what the models say, and can be taken back: walls fall and stand again as they were."""

import io

import pytest
from django.core.management import call_command

from tests.walls.catalogue import column_grants, grants, policies, query
from tests.walls.roles import as_owner

pytestmark = pytest.mark.django_db
PUBLIC = "'public'::regnamespace"


def walls():
    """All that migrations of walls make: grants, policies, functions, constraints."""
    functions = (
        f"SELECT proname, proconfig, proacl::text FROM pg_proc WHERE pronamespace = {PUBLIC}"
    )
    constraints = (
        "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(c.oid) FROM pg_constraint c"
        f" JOIN pg_class t ON t.oid = conrelid WHERE t.relnamespace = {PUBLIC} AND NOT relispartition"
    )
    return (
        grants(),
        column_grants(),
        policies(),
        sorted(query(functions)),
        sorted(query(constraints)),
    )


@pytest.mark.smoke
def test_the_models_need_no_further_migration():
    said = io.StringIO()
    try:
        call_command("makemigrations", check=True, dry_run=True, stdout=said)
    except SystemExit:
        pytest.fail(said.getvalue())


@pytest.mark.parametrize("target", [("tenants", "zero"), ("tenants", "0001"), ("billing", "0001")])
def test_migrations_can_be_taken_back_and_run_again(target):
    before = walls()

    with as_owner():
        call_command("migrate", *target, verbosity=0)
        assert walls() != before
        call_command("migrate", verbosity=0)
        after = walls()

    assert after == before
