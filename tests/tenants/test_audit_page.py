"""The audit page: who changed what, from what to what; filters, pages, and a file that runs nothing."""

import csv
import io
import re
from datetime import timedelta

import pytest
from django.utils import timezone

from tenants.audit import record
from tenants.csv import safe
from tenants.history import PAGE
from tenants.models import AuditEntry


@pytest.fixture
def ana(client, world):
    client.force_login(world.ana)
    return client


def text_of(page) -> str:
    return " ".join(page.content.decode().split())


def write(world, number: int, **more) -> None:
    with world.acme.scope():
        for each in range(number):
            record("test.changed", actor="test", subject=f"subject-{each:03}", **more)


def test_a_line_says_what_was_before_and_after(ana, world):
    with world.acme.scope():
        record(
            "thing.changed",
            actor=world.ana,
            subject="the thing",
            before={"amount": "5", "old": "x"},
            after={"amount": "7"},
        )

    text = text_of(ana.get("/t/acme/audit/"))

    assert "Amount: <del>5</del> → <ins>7</ins>" in text
    assert "Old: <del>x</del> → nothing" in text


def test_a_line_is_for_people_and_has_only_what_changed(ana, world):
    kept = {"hard": "False", "thresholds": "(50, 80)", "names": "('a',)", "note": "(sic)"}
    until = {"until": "2026-11-25T00:02:28.718126+00:00", "sha256": "0" * 64, "until_then": None}
    with world.acme.scope():
        record("thing.set_up", actor="test", subject="new", after=kept | {"forecast": []} | until)
        record(
            "thing.changed",
            actor="test",
            subject="the thing",
            before=kept | {"shared": False, "until": None},
            after=kept | {"shared": True, "thresholds": [50, 90], "until": "2026-11-25T10:00:00Z"},
        )

    text = text_of(ana.get("/t/acme/audit/"))

    (said,) = re.findall(r'<span class="detail">([^<]*Hard[^<]*)</span>', text)
    assert sorted(said.split(" · ")) == [
        "Hard: no",
        "Names: a",
        "Note: (sic)",
        "Sha256: 000000000000",
        "Thresholds: 50, 80",
        "Until: 25 Nov 2026, 02:02",
    ]
    changed = text.partition('row">Thing changed<')[2].partition("</tr>")[0]
    assert changed.count("→") == 3
    assert "Shared: <del>no</del> → <ins>yes</ins>" in changed
    assert "Thresholds: <del>50, 80</del> → <ins>50, 90</ins>" in changed
    assert "Until: nothing → <ins>25 Nov 2026, 12:00</ins>" in changed
    assert '<option value="thing.set_up">Thing set up</option>' in text


@pytest.mark.parametrize(
    ("query", "seen"),
    [
        ("actor=ANA", {"by-ana"}),
        ("action=b.done", {"by-test"}),
        ("subject=test", {"by-test"}),
        ("actor=ana&action=b.done", set()),
        ("since=2026-01-01", {"by-ana", "by-test"}),
        ("until=2026-01-01", set()),
    ],
)
def test_filters_narrow_page_and_file_alike(ana, world, query, seen):
    with world.acme.scope():
        record("a.done", actor=world.ana, subject="by-ana")
        record("b.done", actor="test", subject="by-test")

    page = text_of(ana.get(f"/t/acme/audit/?{query}"))
    file = ana.get(f"/t/acme/audit.csv?{query}").content.decode()

    for text in (page, file):
        assert {name for name in ("by-ana", "by-test") if name in text} == seen


def test_days_begin_in_the_companys_zone(ana, world):
    today = timezone.now().astimezone().date()
    page = ana.get(f"/t/acme/audit/?since={today + timedelta(days=2)}")

    assert "Nothing like that" in text_of(page)


def test_pages_follow_each_other_without_a_gap(ana, world):
    write(world, PAGE + 5)
    with world.acme.scope():
        expected = list(AuditEntry.objects.order_by("-id").values_list("id", flat=True))

    found, query = [], ""
    while True:
        page = ana.get(f"/t/acme/audit/?{query}")
        found += [line.id for line in page.context["lines"]]
        query = page.context.get("older")
        if not query:
            break

    assert found == expected


def test_queries_do_not_grow_with_the_lines(ana, world, django_assert_max_num_queries):
    write(world, 3 * PAGE)
    ana.get("/t/acme/")

    with django_assert_max_num_queries(12):
        ana.get("/t/acme/audit/")


@pytest.mark.parametrize(
    "query", ["since=nonsense", "before=x", "since=2026-02-01&until=2026-01-01"]
)
def test_filters_that_make_no_sense_are_said(ana, query):
    assert ana.get(f"/t/acme/audit/?{query}").status_code == 422
    assert ana.get(f"/t/acme/audit.csv?{query}").status_code == 422


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1", "  =1+1", "＝1", " ＠x", "\n=1", "|x"]
)
def test_a_text_that_a_spreadsheet_would_run_is_defused(ana, world, text):
    assert safe(text) == "'" + text
    with world.acme.scope():
        record("thing.named", actor="test", subject=text, after={"n": 5})

    rows = list(csv.reader(io.StringIO(ana.get("/t/acme/audit.csv").content.decode("utf-8-sig"))))

    assert rows[0] == ["at", "actor", "action", "subject", "before", "after"]
    assert rows[1][3] == "'" + text
    assert not [cell for row in rows for cell in row if cell.strip().startswith(("=", "+", "@"))]


def test_plain_texts_stay_as_they_are():
    assert [safe(text) for text in ("Acme", "a=b", "", "5-3")] == ["Acme", "a=b", "", "5-3"]


def test_the_file_says_before_and_after_and_the_offset(ana, world):
    write(world, 1, before={"a": 1}, after={"a": 2})

    rows = list(csv.reader(io.StringIO(ana.get("/t/acme/audit.csv").content.decode("utf-8-sig"))))

    assert rows[1][1:] == ["test", "test.changed", "subject-000", '{"a": 1}', '{"a": 2}']
    assert rows[1][0].endswith(("+02:00", "+03:00"))
