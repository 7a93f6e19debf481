"""`create_tenant` and `add_member`: what they print once is what works from then on."""

import io
import json

import pytest
from django.core.management import CommandError, call_command

from tenants.access import accesses
from tenants.directory import UnknownTenant, all_tenants, tenant_id_of
from tenants.models import Membership, User

SCOPES_OF_CALLS = {
    "ingest": ("post", "/api/v1/events"),
    "read": ("get", "/api/v1/spend"),
    "manage": ("get", "/api/v1/keys"),
}


def run(*arguments):
    said = io.StringIO()
    call_command(*arguments, stdout=said)
    return said.getvalue()


def made(slug="cyan", owner="cy@cyan.test", zone="Europe/Sofia"):
    return json.loads(
        run("create_tenant", "Cyan", "--slug", slug, "--owner", owner, "--timezone", zone, "--json")
    )


@pytest.mark.smoke
def test_the_json_has_the_promised_shape(db):
    new = made()

    assert set(new) == {"tenant", "slug", "owner", "password", "keys"}
    assert (new["tenant"], new["slug"], new["owner"]) == ("Cyan", "cyan", "cy@cyan.test")
    assert set(new["keys"]) == {"manage", "ingest", "read"}


@pytest.mark.smoke
def test_each_printed_key_may_do_its_own_and_no_more(db, client):
    keys = made()["keys"]

    for scope, (method, path) in SCOPES_OF_CALLS.items():
        for name, secret in keys.items():
            headers = {"Authorization": f"Bearer {secret}"}
            response = getattr(client, method)(path, headers=headers)
            assert (response.status_code == 403) == (name != scope), (name, path)
            assert response.status_code != 401


def test_the_printed_password_signs_the_owner_in(db, client):
    new = made()

    response = client.post(
        "/accounts/login/", {"login": new["owner"], "password": new["password"]}, follow=True
    )

    assert response.redirect_chain[-1][0] == "/t/cyan/"
    assert response.status_code == 200


def test_an_owner_who_has_an_account_keeps_the_password(world):
    new = made(owner="ANA@acme.test")

    assert (new["owner"], new["password"]) == ("ana@acme.test", "")
    assert [each.tenant.slug for each in accesses(world.ana)] == ["acme", "cyan"]


def test_without_json_the_same_is_said_in_words(db):
    said = run("create_tenant", "Cyan", "--slug", "cyan", "--owner", "cy@cyan.test")

    assert "/t/cyan/" in said
    assert said.count("ct_") == 3


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"slug": "acme"}, "taken"),
        ({"slug": "a b"}, "slug"),
        ({"zone": "Europe/Sofa"}, "not an IANA time zone"),
        ({"owner": "nobody"}, "email"),
    ],
)
def test_a_company_that_cannot_be_made_is_refused_with_the_reason(world, change, words):
    with pytest.raises(CommandError, match=words):
        made(**change)

    assert set(all_tenants()) == {"acme", "brix"}


def test_a_tenant_is_known_by_its_slug(world):
    assert tenant_id_of("acme") == world.acme.tenant.pk
    with pytest.raises(UnknownTenant):
        tenant_id_of("acme2")


@pytest.mark.parametrize("role", ["owner", "admin", "finance", "member"])
def test_add_member_gives_a_role(world, role):
    said = run("add_member", "New@acme.test", "--tenant", "acme", "--role", role)

    user = User.objects.get(email="new@acme.test")
    assert [(each.tenant.slug, each.role, each.client) for each in accesses(user)] == [
        ("acme", role, None)
    ]
    assert user.check_password(said.split()[-1])


def test_add_member_makes_a_viewer_of_one_client(world):
    run("add_member", "v@x.test", "--tenant", "acme", "--role", "client", "--client", "initech")

    (access,) = accesses(User.objects.get(email="v@x.test"))
    assert access.client == world.acme.clients["initech"]
    assert access.is_viewer


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--tenant", "nowhere", "--role", "member"], "no tenant 'nowhere'"),
        (["--tenant", "acme", "--role", "client"], "names a client"),
        (["--tenant", "acme", "--role", "client", "--client", "only-brix"], "no client"),
        (["--tenant", "acme", "--role", "member", "--client", "globex"], "names a client"),
        (["--tenant", "acme", "--role", "king"], "invalid choice"),
    ],
)
def test_a_member_who_cannot_be_added_is_refused_with_the_reason(world, arguments, words):
    with pytest.raises(CommandError, match=words):
        run("add_member", "new@acme.test", *arguments)

    assert not User.objects.filter(email="new@acme.test").exists()


def test_a_member_is_added_once(world):
    with pytest.raises(CommandError, match="member already"):
        run("add_member", "ana@acme.test", "--tenant", "acme", "--role", "member")

    with world.acme.scope():
        assert Membership.objects.filter(user=world.ana).count() == 1
