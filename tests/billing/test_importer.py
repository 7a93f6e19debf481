"""Claude Code transcripts: every API message once, with its fullest copy; a second import changes nothing."""

import json
import threading
from datetime import date
from decimal import Decimal
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from billing.importers.claude_code import event, merge, read_messages, transcripts
from billing.models import UsageEvent
from billing.periods import DayRange
from billing.reports.spend import spend
from tests.billing.test_ledger import differences, total

SAMPLES = Path(__file__).parents[1] / "samples" / "claude-code"
COST = Decimal("29.56586865")
MESSAGES = 569
EVER = DayRange(date(2024, 1, 1), date(2027, 1, 1))
USAGE = {"input_tokens": 3, "cache_read_input_tokens": 9_000, "output_tokens": 40}


def line(message_id="msg_1", request_id="req_1", *, usage=USAGE, **changes) -> dict:
    """One assistant line of a transcript."""
    return {
        "type": "assistant",
        "timestamp": "2026-11-20T10:00:00.000Z",
        "sessionId": "session-1",
        "requestId": request_id,
        "message": {
            "id": message_id,
            "model": "claude-sonnet-4-6",
            "role": "assistant",
            "content": [{"type": "text", "text": "never stored"}],
            "stop_reason": "end_turn",
            "usage": usage,
        },
    } | changes


def progress(entry) -> dict:
    """The same message again, as a sub-agent's progress line carries it."""
    inner = {name: entry[name] for name in ("type", "timestamp", "requestId", "message")}
    return {
        "type": "progress",
        "timestamp": "2026-11-20T10:00:09.000Z",
        "sessionId": "session-1",
        "data": {"type": "agent_progress", "message": inner},
    }


def told(folder, *files):
    """The events of transcripts that are written from these lines; text stands as it is."""
    for number, entries in enumerate(files):
        text = "\n".join(each if isinstance(each, str) else json.dumps(each) for each in entries)
        (folder / f"{number}.jsonl").write_text(text, encoding="utf-8")
    messages = {}
    for path in transcripts(folder):
        merge(messages, read_messages(path))
    return [event(each, project="p") for each in messages.values()]


def run(path=SAMPLES, *, tenant="acme", project="support-bot"):
    out, err = StringIO(), StringIO()
    call_command("import_claude_code", path, tenant=tenant, project=project, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


# --- reading


def test_copies_of_one_message_count_once_with_the_most_tokens(tmp_path):
    growing = [line(usage=USAGE | {"output_tokens": n}) for n in (1, 40, 7)]

    (found,) = told(tmp_path, growing, [growing[0]])

    assert found["usage"]["output_tokens"] == 40
    assert (found["id"], found["source"], found["session"]) == (
        "msg_1:req_1",
        "claude-code",
        "session-1",
    )


def test_a_progress_line_repeats_a_message_and_may_be_its_only_copy(tmp_path):
    again, alone = progress(line()), progress(line("msg_2", "req_2"))

    found = told(tmp_path, [line(), again, alone])

    assert [each["id"] for each in found] == ["msg_1:req_1", "msg_2:req_2"]
    assert {each["occurred_at"] for each in found} == {"2026-11-20T10:00:00.000Z"}


def test_one_message_of_two_requests_is_two_calls(tmp_path):
    found = told(tmp_path, [line(), line(request_id="req_2"), line(request_id=None)])

    assert [each["id"] for each in found] == ["msg_1:req_1", "msg_1:req_2", "msg_1"]


def test_of_several_times_the_earliest_counts_and_a_missing_one_spoils_nothing(tmp_path):
    first, second = "2026-11-20T09:00:00.000Z", "2026-11-20T10:00:00.000Z"

    (found,) = told(
        tmp_path,
        [line(timestamp=second), line(timestamp=None), line(timestamp=first), line(timestamp="")],
    )

    assert found["occurred_at"] == first


def test_what_is_no_api_call_is_passed_over(tmp_path):
    synthetic = line("msg_2")
    synthetic["message"]["model"] = "<synthetic>"
    without_usage = line("msg_3")
    del without_usage["message"]["usage"]
    user = {"type": "user", "message": {"role": "user", "content": "hello"}}

    found = told(
        tmp_path, [synthetic, without_usage, user, {"type": "summary"}, [], 5, None, line()]
    )

    assert [each["id"] for each in found] == ["msg_1:req_1"]


def test_a_line_that_is_cut_off_or_garbled_is_passed_over(tmp_path):
    whole = json.dumps(line())
    found = told(
        tmp_path, [whole[: len(whole) // 2], "", "\ufeff", "{" * 5_000, "[" * 100_000, line()]
    )
    (tmp_path / "bytes.jsonl").write_bytes(
        b"\xff\xfe\x00" + whole.encode() + b"\n" + whole.encode()[:50]
    )

    assert [each["id"] for each in found] == ["msg_1:req_1"]
    assert list(read_messages(tmp_path / "bytes.jsonl")) == []


def test_no_word_of_a_conversation_is_taken_over(tmp_path):
    assert "never stored" not in json.dumps(told(tmp_path, [line()]))


def test_a_message_is_counted_once_wherever_below_the_folder_it_stands(tmp_path):
    inner = tmp_path / "project" / "session" / "subagents"
    inner.mkdir(parents=True)
    (inner / "agent-1.jsonl").write_text(json.dumps(line()))
    (inner / "notes.txt").write_text(json.dumps(line("msg_9")))

    found = told(tmp_path, [line()])

    assert [each["id"] for each in found] == ["msg_1:req_1"]
    assert transcripts(inner / "agent-1.jsonl") == [inner / "agent-1.jsonl"]


# --- importing


@pytest.mark.smoke
def test_the_public_sessions_are_569_messages_and_their_exact_cost(world):
    out, err = run()

    assert f"{MESSAGES} messages: {MESSAGES} accepted" in out
    assert "$29.56586865" in out
    assert err == ""
    assert total_of(world) == (MESSAGES, COST)
    assert differences(world.acme) == []
    with world.acme.scope():
        assert UsageEvent.objects.exclude(source="claude-code").count() == 0


def total_of(world):
    with world.acme.scope():
        count = UsageEvent.objects.count()
    measures = total_ever(world.acme)
    assert (measures.events, measures.unpriced_events) == (count, 0)
    return count, measures.cost


def total_ever(company):
    with company.scope():
        return spend(EVER).total


def test_a_second_import_is_all_duplicates_and_changes_no_total(world):
    run()
    world.acme.fold()
    before = total_ever(world.acme)

    out, _ = run()

    assert f"0 accepted, {MESSAGES} duplicates, 0 conflicts, 0 rejected" in out
    assert total_ever(world.acme) == before


def test_imports_at_once_twice_count_every_message_once(committed):
    outs, errors = [], []

    def bring_in():
        try:
            outs.append(run()[0])
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    for _ in range(2):
        threads = [threading.Thread(target=bring_in) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert errors == []
    assert len(outs) == 6
    assert total_of(committed) == (MESSAGES, COST)
    assert differences(committed.acme) == []
    accepted = sum(int(out.split(" messages: ")[1].split(" accepted")[0]) for out in outs)
    assert accepted == MESSAGES


def test_a_message_that_grew_since_the_last_import_is_a_conflict_and_changes_nothing(
    world, tmp_path
):
    path = tmp_path / "session.jsonl"
    path.write_text(json.dumps(line(usage=USAGE | {"output_tokens": 1})))
    run(path)
    before = total(world.acme)
    path.write_text(json.dumps(line()))

    out, err = run(path)

    assert "1 conflicts" in out
    assert "conflict" in err
    assert total(world.acme) == before


def test_a_message_that_cannot_be_counted_is_told_and_the_rest_is_counted(world, tmp_path):
    broken = line("msg_2", usage=USAGE | {"input_tokens": -1})
    (tmp_path / "s.jsonl").write_text("\n".join(json.dumps(each) for each in (broken, line())))

    with pytest.raises(CommandError, match="1 messages were not counted"):
        run(tmp_path)

    assert total(world.acme).events == 1


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"tenant": "nobody"}, "no tenant 'nobody'"),
        ({"path": Path("/nonexistent")}, "no .*transcripts"),
    ],
)
def test_a_wrong_call_says_what_is_wrong(world, how, message):
    with pytest.raises(CommandError, match=message):
        run(**how)


def test_a_project_that_does_not_exist_takes_nothing(world):
    with pytest.raises(CommandError):
        run(project="nope")

    assert total_ever(world.acme).events == 0
