"""A process that would serve with a wall missing does not start."""

import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.conf import settings as configured
from django.core.exceptions import ImproperlyConfigured
from django.db import connection

from costtrack.checks import refuse_unsafe_start
from costtrack.env import mail
from tenants.scoping import APP_ROLE
from tests.keyring import KEY_RING
from tests.walls.roles import as_owner

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def _signing(settings):
    settings.SECRET_KEY = "a key that somebody has set"


@contextmanager
def changed(*statements):
    """The database as the owner left it, asked by the serving role."""
    with as_owner() as cursor:
        for statement in statements:
            cursor.execute(statement)
        cursor.execute(f"SET LOCAL ROLE {APP_ROLE}")
        yield


def assert_refused(words):
    with pytest.raises(ImproperlyConfigured, match=words):
        refuse_unsafe_start()


@pytest.mark.smoke
def test_a_process_with_both_walls_starts(db):
    refuse_unsafe_start()


@pytest.mark.smoke
@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE tenants_client DISABLE ROW LEVEL SECURITY",
        "DROP POLICY tenant_wall ON tenants_client",
        f"CREATE POLICY hole ON tenants_client TO {APP_ROLE} USING (true)",
        "CREATE POLICY hole ON tenants_client TO PUBLIC USING (slug <> '')",
    ],
)
def test_a_table_without_its_policy_is_refused(db, statement):
    with changed(statement):
        assert_refused("Tables without a wall: tenants_client")


def test_a_tenants_table_that_no_migration_walled_is_refused(db):
    with changed(
        "CREATE TABLE billing_forgotten (id int, tenant_id int)",
        f"GRANT SELECT ON billing_forgotten TO {APP_ROLE}",
    ):
        assert_refused("Tables without a wall: billing_forgotten")


def test_an_open_partition_is_refused(db):
    with changed(f"GRANT SELECT ON billing_usageevent_2026_11 TO {APP_ROLE}"):
        assert_refused("Tables without a wall: billing_usageevent_2026_11")


def test_a_role_that_owns_the_tables_is_refused(db):
    with as_owner():
        assert_refused("Tables without a wall: .*tenants_client")


def test_a_role_that_belongs_to_the_owner_of_a_table_is_refused(db):
    """Whoever belongs to the owner is let through as the owner is."""
    owners = f"walls_test_owner_{os.getpid()}"
    with changed(
        f"CREATE ROLE {owners}",
        f"GRANT {owners} TO CURRENT_USER",
        f"GRANT {owners} TO {APP_ROLE}",
        f"GRANT CREATE ON SCHEMA public TO {owners}",
        f"ALTER TABLE tenants_client OWNER TO {owners}",
    ):
        assert_refused("Tables without a wall: tenants_client")


@pytest.mark.smoke
@pytest.mark.parametrize("power", ["rolsuper", "rolbypassrls"])
def test_a_role_that_bypasses_policies_is_refused(db, power):
    """Only a superuser could make such a role, so PostgreSQL's list of roles is stood in for."""
    other = {"rolsuper": "rolbypassrls", "rolbypassrls": "rolsuper"}[power]
    with connection.cursor() as cursor:
        cursor.execute(
            f"CREATE TEMP VIEW pg_roles AS SELECT rolname, true AS {power}, false AS {other}"
            " FROM pg_catalog.pg_roles"
        )

    assert_refused("bypasses row-level security")


def test_the_setting_for_migrations_is_refused(db, settings):
    settings.DATABASE_ROLE = "owner"

    assert_refused("DATABASE_ROLE=owner is for migrations only")


@pytest.mark.smoke
def test_a_missing_secret_key_is_refused(db, settings):
    settings.SECRET_KEY = "insecure-key-for-commands-that-sign-nothing"

    assert_refused("SECRET_KEY is not set")


@pytest.mark.parametrize("keys", [[], ["too short"], ["also not a key", KEY_RING]])
def test_a_missing_or_wrong_key_ring_is_refused_with_a_hint(db, settings, keys):
    settings.KEY_RING = keys

    assert_refused("KEY_RING is not.*Make one with: python3 -c")


@pytest.mark.parametrize("url", ["", "costs.example.com", "ftp://costs.example.com", "https://"])
def test_a_public_url_that_leads_nowhere_is_refused(db, settings, url):
    settings.PUBLIC_URL = url

    assert_refused("PUBLIC_URL is .*such as https://costs.example.com")


def test_links_without_tls_to_a_site_with_tls_are_refused(db, settings):
    settings.HTTPS, settings.PUBLIC_URL = True, "http://costs.example.com"

    assert_refused("PUBLIC_URL begins with http://, HTTPS is true")


@pytest.mark.parametrize(
    "url",
    [
        "mail.example.com",
        "http://mail.example.com",
        "smtp://",
        "smtp://mail.example.com:port",
        "smtp://mail.example.com:587?tls=yes",
        "smtp://mail.example.com?ssl=1",
        "smtp://mail.example.com/inbox",
        "smtp://me:pass/word@mail.example.com",
    ],
)
def test_a_mail_address_that_leads_nowhere_is_refused_and_not_quoted(url):
    with pytest.raises(ImproperlyConfigured, match="EMAIL_URL") as refused:
        mail(url)
    assert "pass" not in str(refused.value).replace("user:password", "")


def test_a_mail_address_is_read():
    found = mail("smtp://me:p%2Fw@mail.example.com:587?tls=1")

    assert (found["EMAIL_HOST"], found["EMAIL_PORT"]) == ("mail.example.com", 587)
    assert (found["EMAIL_HOST_USER"], found["EMAIL_HOST_PASSWORD"]) == ("me", "p/w")
    assert (found["EMAIL_USE_TLS"], found["EMAIL_USE_SSL"]) == (True, False)
    assert mail("smtps://mail.example.com")["EMAIL_PORT"] == 465


def test_a_missing_wall_is_said_by_readyz(db, client):
    assert client.get("/readyz").status_code == 200
    with changed("ALTER TABLE tenants_client DISABLE ROW LEVEL SECURITY"):
        response = client.get("/readyz")

    assert (response.status_code, response.json()["parts"]["walls"]["state"]) == (503, "open")


# --- The web process itself --------------------------------------------------------------------------


def load_wsgi(**environment):
    """Load the web door as gunicorn does, against the database of the tests."""
    url = urlsplit(configured.DATABASE_URL)._replace(path="/" + connection.settings_dict["NAME"])
    found = os.environ | {"DATABASE_URL": urlunsplit(url), "SECRET_KEY": "set", "DEBUG": "0"}
    return subprocess.run(
        [sys.executable, "-c", "import costtrack.wsgi"],
        cwd=ROOT,
        env={**found, **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_the_web_process_starts_with_both_walls(db):
    done = load_wsgi()

    assert (done.returncode, done.stderr) == (0, "")


def test_the_web_process_ends_before_it_serves_as_the_owner(db):
    done = load_wsgi(DATABASE_ROLE="owner")

    assert done.returncode != 0
    assert "Refusing to serve: DATABASE_ROLE=owner" in done.stderr
