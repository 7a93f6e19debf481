"""Keys, clients and projects from the pages: POST, redirect, flash; or 422 with the form."""

import re

import pytest

from tenants.keys import digest_of
from tenants.models import ApiKey, Client, Project


@pytest.fixture
def ana(client, world):
    client.force_login(world.ana)
    return client


def secret_in(response) -> str:
    return re.search(r"ct_[\w-]{51}", response.content.decode()).group()


def test_new_key_shows_its_secret_in_that_answer_only(ana, world):
    made = ana.post("/t/acme/keys/", {"name": "bot", "scopes": ["ingest"]})
    later = ana.get("/t/acme/keys/")

    secret = secret_in(made)
    assert made.status_code == 201
    assert made.headers["Cache-Control"] == "private, no-store"
    assert secret not in later.content.decode()
    assert secret[:11] in later.content.decode()
    with world.acme.scope():
        key = ApiKey.objects.get(name="bot")
    assert (key.scopes, key.created_by, bytes(key.digest)) == (
        ["ingest"],
        world.ana,
        digest_of(secret),
    )


def test_a_reload_makes_no_second_key(ana, world):
    form = {"name": "bot", "scopes": ["ingest"], "csrfmiddlewaretoken": "as drawn"}
    ana.post("/t/acme/keys/", form)

    again = ana.post("/t/acme/keys/", form, follow=True)

    assert "sent already" in again.content.decode()
    with world.acme.scope():
        assert ApiKey.objects.filter(name="bot").count() == 1


def test_key_may_be_bound_to_a_project(ana, world):
    ana.post(
        "/t/acme/keys/", {"name": "bot", "scopes": ["ingest", "read"], "project": "support-bot"}
    )

    with world.acme.scope():
        key = ApiKey.objects.get(name="bot")
        assert key.project == world.acme.projects["support-bot"]
        assert key.scopes == ["ingest", "read"]


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "", "scopes": ["ingest"]},
        {"name": "bot"},
        {"name": "bot", "scopes": ["root"]},
        {"name": "bot", "scopes": ["ingest"], "project": "unknown"},
    ],
)
def test_key_form_with_an_error_is_shown_again(ana, world, fields):
    with world.acme.scope():
        before = ApiKey.objects.count()

    answer = ana.post("/t/acme/keys/", fields)

    assert answer.status_code == 422
    assert "errorlist" in answer.content.decode()
    with world.acme.scope():
        assert ApiKey.objects.count() == before


def test_revoked_key_stays_in_the_list(ana, world):
    with world.acme.scope():
        key = ApiKey.objects.filter(scopes=["ingest"]).get()

    answer = ana.post(f"/t/acme/keys/{key.pk}/revoke/", follow=True)

    assert answer.redirect_chain == [("/t/acme/keys/", 302)]
    text = answer.content.decode()
    assert "is revoked: it stopped working at once" in text
    assert '<span class="pill bad">revoked</span>' in text
    with world.acme.scope():
        assert ApiKey.objects.get(pk=key.pk).revoked_at is not None


def test_rotated_key_shows_the_new_secret_once_and_both_stay_in_the_list(ana, world):
    with world.acme.scope():
        key = ApiKey.objects.filter(scopes=["ingest"]).get()
    path = f"/t/acme/keys/{key.pk}/rotate/"
    form = {"overlap_hours": "24", "csrfmiddlewaretoken": "as drawn"}

    made = ana.post(path, form)
    again = ana.post(path, form, follow=True)
    another = ana.post(path, {"overlap_hours": "24"}, follow=True)

    secret, text = secret_in(made), again.content.decode()
    assert made.status_code == 201
    banner = made.content.decode().partition('role="status"')[2].partition("</section>")[0]
    assert f"<code>{key.prefix}…</code> works until " in banner
    assert "(Europe/Sofia)" in banner
    assert secret not in text
    assert secret[:11] in text
    assert "took its place; works until" in " ".join(text.split())
    assert "sent already" in text
    assert "another one took its place" in another.content.decode()
    assert ana.post(path, {"overlap_hours": "9999"}).status_code == 422
    with world.acme.scope():
        assert ApiKey.objects.filter(name=key.name).count() == 2


def test_key_of_another_company_is_not_there(ana, world):
    with world.brix.scope():
        key = ApiKey.objects.first()

    assert ana.post(f"/t/acme/keys/{key.pk}/revoke/").status_code == 404


def test_revoking_needs_a_post(ana, world):
    assert ana.get("/t/acme/keys/1/revoke/").status_code == 405


def test_new_client_and_project_are_named_from_pages(ana, world):
    first = ana.post("/t/acme/new-client/", {"name": "Hooli", "slug": "hooli"})
    second = ana.post(
        "/t/acme/new-project/", {"name": "Search", "slug": "search", "client": "hooli"}
    )

    assert (first.status_code, first.headers["Location"]) == (302, "/t/acme/clients/hooli/")
    assert (second.status_code, second.headers["Location"]) == (302, "/t/acme/projects/search/")
    with world.acme.scope():
        assert Project.objects.get(slug="search").client == Client.objects.get(slug="hooli")


def test_taken_short_name_is_said_at_its_field(ana, world):
    answer = ana.post("/t/acme/new-client/", {"name": "Again", "slug": "globex"})

    assert answer.status_code == 422
    assert "taken" in answer.context["form"].errors["slug"][0]


def test_project_form_offers_own_clients_only(ana, world):
    page = ana.get("/t/acme/new-project/?client=initech").content.decode()

    assert '<option value="initech" selected>Initech of Acme</option>' in page
    assert "Brix" not in page
