"""Twin data is made once per module, in one transaction; every test then works in a savepoint of its own."""

import pytest
from django.db import transaction

from tests.walls.twins import Twins, make_twins


@pytest.fixture(scope="module")
def _made_once(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock(), transaction.atomic():
        yield make_twins()
        transaction.set_rollback(True)


@pytest.fixture
def twins(_made_once) -> Twins:
    with transaction.atomic():
        yield _made_once
        transaction.set_rollback(True)
