"""`make soak`: 200 kills in ten minutes, in rounds; after each round the books must be right.

In:   --kills, --seed, --minutes.   Out: a line per kill, a closing line; exit 1 when a promise was broken.
"""

import argparse
import random
import sys
import time

from tests.faults.audit import Finding
from tests.faults.faults import FAULTS
from tests.faults.run import Site, strike
from tests.faults.stack import running_stack

PER_ROUND = 20


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--minutes", type=float, default=10, help="no round begins after this")
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000)
    parser.add_argument("--keep", action="store_true", help="keep the logs in any case")
    options = parser.parse_args()
    say(f"seed {options.seed}: {options.kills} kills, in at most {options.minutes:g} minutes")
    began = time.monotonic()
    with running_stack() as stack:
        site = Site(stack, seed=options.seed)
        kills, finding = soak(site, kills=options.kills, until=began + options.minutes * 60)
        for sentence in finding.wrong:
            say(f"WRONG: {sentence}")
        if options.keep or not finding.is_clean:
            say(f"logs: {stack.keep_logs()}")
        say(f"answers: {dict(site.books.answers.most_common())}")
    say(f"{kills} kills in {time.monotonic() - began:.0f} s, seed {options.seed}: {finding}")
    return 0 if finding.is_clean and kills >= options.kills else 1


def soak(site: Site, *, kills: int, until: float) -> tuple[int, Finding]:
    """Rounds of faults until there were enough, the time is over or a promise is broken."""
    chance = random.Random(site.seed)  # noqa: S311  a plan, not a secret
    done = 0
    finding = site.audit()
    while done < kills and finding.is_clean and time.monotonic() < until:
        plan = [*FAULTS] if done == 0 else chance.choices([*FAULTS], k=PER_ROUND)
        plan = chance.sample(plan, k=min(len(plan), kills - done))
        for name, was_done, seconds in strike(site, plan, seed=site.seed + site.rounds):
            done += was_done
            what = name if was_done else f"{name}: no chance"
            say(
                f"{done:4}  {what:40} {seconds:5.1f} s  {len(site.books.acknowledged):,} acknowledged"
            )
        finding = site.audit()
        say(f"      round {site.rounds}: {finding}")
    return done, finding


def say(sentence: str) -> None:
    sys.stdout.write(f"{sentence}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
