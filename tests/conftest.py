"""The test database is made by the owner of the tables; every test then speaks as the serving role."""

import os

import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.test import TransactionTestCase
from django.test.utils import setup_databases, teardown_databases

from billing.flow import doorbell
from tests.factories import World, make_world
from tests.keyring import KEY_RING
from tests.parallel import one_at_a_time, own_name

# What a test that commits leaves behind, children first. Prices and content types stay.
TABLES = [
    "billing_alarm",
    "billing_cachebreak",
    "billing_insightday",
    "billing_insightnote",
    "billing_insightsum",
    "billing_patient",
    "billing_taskday",
    "billing_alert",
    "billing_projectplan",
    "billing_budgetchannel",
    "billing_budgetversion",
    "billing_budget",
    "billing_deliveryattempt",
    "billing_delivery",
    "billing_channel",
    "billing_usageevent",
    "billing_eventkey",
    "billing_eventcorrection",
    "billing_spendentry",
    "billing_dailyspend",
    "billing_projectday",
    "billing_hourlyspend",
    "billing_componentspend",
    "billing_dimensionvalue",
    "billing_spendday",
    "billing_verification",
    "billing_heartbeat",
    "billing_repricedday",
    "billing_repricing",
    "billing_agreedprice",
    "billing_discount",
    "billing_markup",
    "billing_listedprice",
    "billing_bookdifference",
    "billing_retention",
    "billing_horizon",
    "billing_zonechange",
    "tenants_auditentry",
    "tenants_apikey",
    "tenants_invitation",
    "tenants_membership",
    "tenants_logo",
    "tenants_project",
    "tenants_client",
    "tenants_tenant",
    "django_admin_log",
    "django_session",
    "mfa_authenticator",
    "usersessions_usersession",
    "socialaccount_socialaccount",
    "account_emailaddress",
    "tenants_user",
]


def pytest_configure(config):
    os.environ["KEY_RING"] = KEY_RING
    settings.KEY_RING = [KEY_RING]
    settings.THROTTLE_PER_SECOND = settings.PUBLIC_PER_SECOND = 0
    # A busy machine is not a Redis that hangs: tests of one that does say so themselves.
    settings.CACHES["default"]["OPTIONS"] |= {"socket_timeout": 10, "socket_connect_timeout": 10}
    connection.settings_dict["TEST"]["NAME"] = own_name(connection.settings_dict["NAME"])
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


def as_role(role):
    """From now on the default connection speaks as this role; None: as the owner."""
    options = connection.settings_dict["OPTIONS"]
    previous = options.pop("assume_role", None)
    if role:
        options["assume_role"] = role
    connection.close()
    return previous


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment, django_db_blocker):
    with django_db_blocker.unblock(), one_at_a_time():
        role = as_role(None)
        databases = setup_databases(verbosity=0, interactive=False, serialized_aliases=[])
        as_role(role)
    yield
    with django_db_blocker.unblock():
        as_role(None)
        with (
            connection.cursor() as cursor
        ):  # a process or thread that a test left may hold one still
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                " AND backend_type = 'client backend'"
            )
        teardown_databases(databases, verbosity=0)


def _clean_up(self):
    """Instead of Django's flush, which needs to own the tables and would empty the price book."""
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE NONE")
        for table in TABLES:
            cursor.execute(f"DELETE FROM {table}")
        cursor.execute(f"SET ROLE {connection.settings_dict['OPTIONS']['assume_role']}")
    connection.close()


TransactionTestCase._fixture_teardown = _clean_up


@pytest.fixture(autouse=True)
def _empty_cache():
    cache.clear()


@pytest.fixture(autouse=True)
def _bells_ring_at_once(monkeypatch):
    """What a test has posted rings within the test, and not by a thread in the next one."""
    monkeypatch.setattr("billing.api.ingest.ring_soon", doorbell.ring)


@pytest.fixture
def world(db) -> World:
    """Two companies and four people, in a transaction that is undone."""
    return make_world()


@pytest.fixture
def committed(transactional_db) -> World:
    """The same, committed: for threads, processes and workers."""
    return make_world()
