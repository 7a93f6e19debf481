"""Who answers for a client or project, whom its client is told to ask, and what a logo may be."""

from hashlib import sha256

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from tenants.actions import ActionError, add_member
from tenants.logos import MOST_BYTES, set_logo
from tenants.members import change_role, remove_member
from tenants.models import AuditEntry, Client, Logo, Membership, Project, Role, User
from tenants.owners import set_contact, set_owner
from tenants.pictures import Picture, picture_of
from tests.pictures import png

HEAD = b"\xff\xd8\xff\xe0\x00\x04JF\xff\xc4\x00\x03x"
JPEG = HEAD + b"\xff\xc0\x00\x0b\x08\x00\x20\x00\x40\x01\x01\x11\x00\xff\xd9"


def webp(form, body):
    data = b"WEBP" + form + len(body).to_bytes(4, "little") + body
    return b"RIFF" + len(data).to_bytes(4, "little") + data


WEBPS = [
    webp(b"VP8 ", b"\0\0\0\x9d\x01\x2a\x40\x00\x20\x00"),
    webp(b"VP8L", b"\x2f" + (63 | 31 << 14).to_bytes(4, "little") + bytes(5)),
    webp(b"VP8X", bytes(4) + (63).to_bytes(3, "little") + (31).to_bytes(3, "little")),
]


def test_a_picture_is_known_by_its_bytes_alone():
    assert picture_of(png(width=64, height=32)) == Picture("png", 64, 32)
    assert picture_of(JPEG) == Picture("jpeg", 64, 32)
    assert [picture_of(each) for each in WEBPS] == [Picture("webp", 64, 32)] * 3

    svg = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
    cut = [whole[:length] for whole in (png(), JPEG, *WEBPS) for length in range(len(whole))]
    joined = [whole + b"<script>" for whole in (png(), JPEG, *WEBPS)]
    nothing = png(width=0), b"GIF89a\x01\x00\x01\x00", b"%PDF-1.7", b"", svg
    assert {picture_of(each) for each in (*cut, *joined, *nothing)} == {None}


@pytest.fixture
def acme(world):
    with world.acme.scope():
        add_member(actor="test", email="max@acme.test", role=Role.MEMBER)
        yield world.acme


def member(address):
    return Membership.objects.select_related("user").get(user__email=address)


def contact():
    client = Client.objects.get(slug="globex")
    return client.contact_name, client.contact_email


def test_nobody_owns_what_they_may_not_see(acme, world):
    for person in (world.vik, world.bo, world.sam):
        for named in (acme.clients["globex"], acme.projects["support-bot"]):
            with pytest.raises(ActionError) as refused:
                set_owner(named, actor=world.ana, owner=person)
            assert (refused.value.code, refused.value.field) == ("unknown_member", "owner")


def test_the_contact_follows_the_owner_unless_somebody_else_stands_there(acme, world):
    client, maximilian = acme.clients["globex"], User.objects.get(email="max@acme.test")
    set_owner(client, actor=world.ana, owner=world.ana)
    assert contact() == ("", "ana@acme.test")
    set_owner(client, actor=world.ana, owner=maximilian)
    assert contact() == ("", "max@acme.test")

    set_contact(client, actor=world.ana, name="The desk", email="desk@acme.test")
    set_owner(client, actor=world.ana, owner=world.ana)

    assert contact() == ("The desk", "desk@acme.test")


@pytest.mark.parametrize("leave", ["removed", "client viewer"])
def test_who_leaves_answers_for_nothing_and_no_client_is_sent_there(acme, world, leave):
    leaving = member("max@acme.test")
    for named in (acme.clients["globex"], acme.projects["support-bot"]):
        set_owner(named, actor=world.ana, owner=leaving.user)

    if leave == "removed":
        remove_member(leaving, actor=world.ana)
    else:
        change_role(leaving, actor=world.ana, role=Role.CLIENT, client=acme.clients["initech"])

    assert not Client.objects.exclude(owner=None).exists()
    assert not Project.objects.exclude(owner=None).exists()
    assert contact() == ("", "")
    told = AuditEntry.objects.filter(action__endswith=".owner", after={"owner": None})
    assert told.count() == 2


def test_a_logo_is_a_small_picture_and_takes_the_place_of_the_one_before(acme):
    too_large = png("x" * MOST_BYTES), png(width=2_001), b"<svg></svg>"
    for data in too_large:
        with pytest.raises(ActionError, match="A logo"):
            set_logo(data, actor="test")

    for text in ("one", "two", "two"):
        set_logo(png(text), actor="test")

    assert Logo.objects.get().digest == sha256(png("two")).hexdigest()
    assert AuditEntry.objects.filter(action="tenant.logo").count() == 2


def test_a_logo_goes_by_the_page_and_is_kept_for_ever_by_a_browser(client, world):
    client.force_login(world.ana)
    for path in ("/t/acme/logo/", "/t/acme/clients/globex/logo/"):
        file = SimpleUploadedFile("logo.svg", png(path), content_type="text/html")
        answer = client.post(path, {"logo": file}, follow=True)
        address = f"/t/acme/logos/{sha256(png(path)).hexdigest()}/"
        assert f'<img class="logo" src="{address}"' in answer.content.decode()
        for person in (world.ana, world.vik):
            client.force_login(person)
            logo = client.get(address)
            assert (logo.content, logo.headers["Content-Type"]) == (png(path), "image/png")
            assert logo.headers["X-Content-Type-Options"] == "nosniff"
            assert logo.headers["Cache-Control"] == "private, max-age=31536000, immutable"
        client.force_login(world.ana)
        bad = client.post(path, {"logo": SimpleUploadedFile("l.png", b"<svg/>")}, follow=True)
        assert "A logo is a PNG, JPEG or WebP file." in bad.content.decode()
        client.post(path, {"remove": "yes"})
        assert client.get(address).status_code == 404
