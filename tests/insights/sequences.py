"""Labelled sequences of calls: what happened, what is to be said. Nothing else is right.

A call is written `at minutes, read, written (5 minutes), fresh, output` and what else there is to it.
"""

from tests.insights.talks import HAIKU, call, marked, talk

T = talk()  # its last call leaves 11,200 tokens in the cache, at minute 2
CASES = {
    # name: (calls, {index: (cause, tokens)})
    # --- nothing to say -----------------------------------------------------------------------------
    "no calls": ([], {}),
    "one call": ([call(0, 0, 10_000)], {}),
    "a first call that reads what others wrote": ([call(0, 8_000, 2_000)], {}),
    "a conversation without a fault": (talk(turns=8), {}),
    "the same within the hour": (talk(turns=5, step=4), {}),
    "no cache at all": ([call(n, 0, 0, fresh=5_000 + n) for n in range(5)], {}),
    "a long answer from a tool joins the prompt": ([*T, call(3, 11_200, 40_000)], {}),
    "reads only, nothing new is marked": ([*T, call(3, 11_200, 0, fresh=900)], {}),
    "compaction": ([*T, call(3, 0, 4_000)], {}),
    "compaction that keeps the system prompt": ([*T, call(3, 3_000, 1_500)], {}),
    "compaction, and on it goes": ([*T, call(3, 0, 4_000), call(4, 4_000, 600)], {}),
    "compaction, known by fingerprints": (
        [
            call(0, 0, 20_000, **marked(history=10_000)),
            call(1, 20_000, 500, **marked(history=10_500)),
            call(2, 10_000, 2_000, **marked(history=2_000)),
        ],
        {},
    ),
    "a sub-agent with a small prompt": ([*T, call(3, 0, 5_000), call(4, 11_200, 900)], {}),
    "a sub-agent with a larger prompt": ([*T, call(3, 0, 30_000), call(4, 11_200, 900)], {}),
    "a sub-agent with a larger prompt, and nothing after it": ([*T, call(3, 0, 30_000)], {}),
    "a sub-agent of another model with a larger prompt": (
        [*T, call(3, 0, 30_000, model=HAIKU)],
        {},
    ),
    "two sub-agents at once": (
        [*T, call(3, 0, 30_000), call(3, 0, 29_000), call(5, 11_200, 900)],
        {},
    ),
    "two branches of a conversation": ([*T, call(3, 11_200, 3_000), call(3, 11_200, 5_000)], {}),
    "back to an earlier turn": ([*T, call(3, 10_600, 900)], {}),
    "one document after another": (
        [call(n, 2_000 if n else 0, 20_000 + 500 * n + (0 if n else 2_000)) for n in range(6)],
        {},
    ),
    "documents that grow by chance as a talk does": (
        [call(n, 0, 10_000 + 700 * n) for n in range(6)],
        {},
    ),
    "documents in the user's message, the system known": (
        [
            call(n, 10_000 if n else 0, 9_000 + 10_000 * (not n), **marked(), user=(9_000,))
            for n in range(4)
        ],
        {},
    ),
    "other documents in the context": (
        [
            call(n, 10_000 if n else 0, 5_000 + 10_000 * (not n), **marked(context=f"d{n}"))
            for n in range(4)
        ],
        {},
    ),
    "a pause of more than an hour": ([*T, call(70, 0, 12_000)], {}),
    "a pause of a night": ([*T, call(900, 0, 12_000), call(901, 12_000, 500)], {}),
    "a pause beyond the hour that was asked for": (
        [
            call(0, 0, 0, hour=10_000),
            call(1, 10_000, 0, hour=600),
            call(70, 0, 0, hour=11_000),
        ],
        {},
    ),
    "a pause within the hour that was asked for": (
        [
            call(0, 0, 0, hour=10_000),
            call(1, 10_000, 0, hour=600),
            call(31, 10_600, 0, hour=600),
        ],
        {},
    ),
    "two calls after a pause prove no conversation": (
        [call(0, 0, 10_000), call(20, 0, 11_000)],
        {},
    ),
    "two calls, nothing known of them": ([call(0, 0, 10_000), call(1, 0, 11_000)], {}),
    "a small model names the conversation": ([*T, call(3, 0, 1_500, model=HAIKU)], {}),
    "a second model beside the first": (
        [*T, call(3, 0, 13_000, model=HAIKU), call(4, 11_200, 700)],
        {},
    ),
    "two models by turns": (
        [
            *T,
            call(3, 0, 12_000, model=HAIKU),
            call(4, 11_200, 1_500),
            call(5, 12_000, 1_800, model=HAIKU),
            call(6, 12_700, 900),
        ],
        {},
    ),
    "a third model beside two": (
        [
            *T,
            call(3, 0, 12_000, model=HAIKU),
            call(4, 11_200, 700),
            call(5, 0, 12_600, model="claude-opus-4-6"),
        ],
        {},
    ),
    "a rewrite too small to be one": ([*T, call(3, 10_900, 900)], {}),
    "a rewrite small beside its prompt": ([*talk(first=50_000), call(3, 48_900, 2_900)], {}),
    "another model, after a pause": ([*T, call(10, 0, 12_000, model=HAIKU)], {}),
    "another agent with other tools": (
        [
            call(0, 0, 10_000, **marked()),
            call(1, 10_000, 500, **marked(history=500)),
            call(2, 0, 11_000, **marked("s2", "t2", history=900)),
        ],
        {},
    ),
    "two agents by turns": (
        [
            call(0, 0, 10_000, **marked()),
            call(1, 0, 10_000, **marked("s2")),
            call(2, 10_000, 500, **marked(history=500)),
            call(3, 10_000, 500, **marked("s2", history=500)),
        ],
        {},
    ),
    "a new prompt is rolled out between conversations": (
        [call(0, 0, 10_000, **marked()), call(1, 0, 13_000, **marked("s2", size=11_000))],
        {},
    ),
    "what has changed had also expired": (
        [
            call(0, 0, 10_000, **marked()),
            call(1, 10_000, 900, **marked(history=900)),
            call(20, 0, 11_500, **marked("s2", history=1_500)),
        ],
        {},
    ),
    "history grows and is marked anew each time": (
        [
            call(0, 0, 10_000, **marked()),
            call(1, 10_000, 900, **(marked() | {"history": (900, "h1")})),
            call(2, 10_900, 900, **(marked() | {"history": (1_800, "h2")})),
        ],
        {},
    ),
    # --- the lifetime is over -----------------------------------------------------------------------
    "a pause of eight minutes": ([*T, call(10, 0, 12_000)], {3: ("lifetime_expired", 11_200)}),
    "a pause of just five minutes": ([*T, call(7, 0, 12_000)], {3: ("lifetime_expired", 11_200)}),
    "a pause of 50 minutes": ([*T, call(52, 0, 12_000)], {3: ("lifetime_expired", 11_200)}),
    "a pause each time": (
        [*T, call(12, 0, 12_000), call(22, 0, 12_600)],
        {3: ("lifetime_expired", 11_200), 4: ("lifetime_expired", 12_000)},
    ),
    "only the five-minute part is over": (
        [
            call(0, 0, 2_000, hour=10_000),
            call(1, 12_000, 600),
            call(21, 10_000, 3_200),
        ],
        {2: ("lifetime_expired", 2_600)},
    ),
    "a pause, and the system prompt was kept warm by others": (
        [*T, call(10, 0, 12_000), call(11, 12_000, 500)],
        {3: ("lifetime_expired", 11_200)},
    ),
    "a pause, known by fingerprints": (
        [
            call(0, 0, 10_500, **marked(history=500)),
            call(20, 0, 11_000, **marked(history=1_000)),
        ],
        {1: ("lifetime_expired", 10_500)},
    ),
    # --- the model is another -----------------------------------------------------------------------
    "another model goes on": (
        [*T, call(3, 0, 12_000, model=HAIKU), call(4, 12_000, 500, model=HAIKU)],
        {3: ("model_switched", 11_200)},
    ),
    "another model, known by fingerprints": (
        [
            call(0, 0, 10_500, **marked(history=500)),
            call(1, 0, 11_000, model=HAIKU, **marked(history=1_000)),
        ],
        {1: ("model_switched", 10_500)},
    ),
    # --- something has changed ----------------------------------------------------------------------
    "a timestamp in the system prompt": (
        [call(n, 0, 10_000 + 500 * n, **marked(f"s{n}", history=500 * n)) for n in range(4)],
        {n: ("system_changed", 9_500 + 500 * n) for n in (1, 2, 3)},
    ),
    "the system prompt is edited once": (
        [
            call(0, 0, 10_500, **marked(history=500)),
            call(1, 10_500, 500, **marked(history=1_000)),
            call(2, 0, 11_500, **marked("s2", history=1_500)),
            call(3, 11_500, 500, **marked("s2", history=2_000)),
        ],
        {2: ("system_changed", 11_000)},
    ),
    "the system prompt is edited and longer: its own tokens had to be written": (
        [
            call(0, 0, 10_500, **marked(history=500)),
            call(1, 10_500, 500, **marked(history=1_000)),
            call(2, 0, 12_500, **marked("s2", size=9_000, history=1_500)),
        ],
        {2: ("system_changed", 2_936)},
    ),
    "tools in another order": (
        [
            call(0, 0, 10_500, **marked(history=500)),
            call(1, 8_000, 3_000, **marked(tools="t2", history=1_000)),
        ],
        {1: ("tools_changed", 2_500)},
    ),
    "tools come first and are in another order": (
        [
            call(0, 0, 10_500, tools=(2_000, "a"), system=(8_000, "s"), history=(500,)),
            call(1, 0, 11_000, tools=(2_000, "b"), system=(8_000, "s"), history=(1_000,)),
        ],
        {1: ("tools_changed", 10_500)},
    ),
    "documents before the history change": (
        [
            call(0, 0, 19_000, **marked(context="a", history=4_000)),
            call(1, 10_000, 9_500, **(marked(context="b", history=4_500))),
        ],
        {1: ("context_changed", 3_975)},
    ),
    "other documents before the history: they are new, what follows is not": (
        [
            call(0, 0, 19_000, **marked(context="a", history=4_000)),
            call(
                1,
                10_000,
                17_400,
                **(marked(history=0) | {"context": (13_000, "b"), "history": (4_500,)}),
            ),
        ],
        {1: ("context_changed", 4_000)},
    ),
    "messages are edited": (
        [
            call(0, 0, 14_000, **marked(history=4_000)),
            call(1, 10_000, 4_800, **marked(history=4_800)),
        ],
        {1: ("messages_changed", 4_000)},
    ),
    # --- missed, and nothing known of it ------------------------------------------------------------
    "a partial miss": ([*T, call(3, 4_000, 8_000)], {3: ("partial_miss", 7_200)}),
    "a partial miss, and on it goes": (
        [*T, call(3, 4_000, 8_000), call(4, 12_000, 500)],
        {3: ("partial_miss", 7_200)},
    ),
    "the tail alone is missed": ([*T, call(3, 10_150, 1_700)], {3: ("partial_miss", 1_050)}),
    "gone within the hour that was asked for": (
        [
            call(0, 0, 0, hour=10_000),
            call(1, 10_000, 0, hour=600),
            call(21, 0, 0, hour=11_000),
        ],
        {2: ("unknown", 10_600)},
    ),
    "what was written for an hour is missed, written for five minutes, and over": (
        [
            call(0, 0, 0, hour=10_000),
            call(1, 10_000, 0, hour=600),
            call(2, 4_000, 6_500, fresh=800),
            call(22, 4_000, 7_500),
        ],
        {2: ("partial_miss", 6_500), 3: ("lifetime_expired", 6_500)},
    ),
    "all is gone within a minute": ([*T, call(3, 0, 12_000)], {3: ("unknown", 11_200)}),
    "gone although nothing has changed": (
        [
            call(0, 0, 10_500, **marked(history=500)),
            call(1, 0, 11_000, **marked(history=1_000)),
        ],
        {1: ("unknown", 10_500)},
    ),
    "gone in one of two threads by turns": (
        [
            *(call(n, 0, 10_000, **marked(name)) for n, name in enumerate(("s", "s2"))),
            call(2, 10_000, 500, **marked(history=500)),
            call(3, 10_000, 500, **marked("s2", history=500)),
            call(4, 0, 11_000, **marked(history=1_000)),
        ],
        {4: ("unknown", 10_500)},
    ),
    "only a part was written again": (
        [*T, call(3, 0, 6_000, fresh=6_000)],
        {3: ("unknown", 6_000)},
    ),
}
