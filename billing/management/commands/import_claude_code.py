"""`import_claude_code PATH --tenant S --project P`: bring in transcripts; run it again and nothing changes."""

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from billing.flow.doorbell import ring
from billing.flow.intake import Verdict, accept, check_items
from billing.importers.claude_code import Message, event, merge, read_messages, transcripts
from billing.management.progress import progress
from billing.money import dollars, total
from tenants.directory import UnknownTenant, tenant_id_of
from tenants.models import Project
from tenants.scoping import tenant_scope

BATCH = 500


class Command(BaseCommand):
    help = "Import Claude Code transcripts (*.jsonl); every API message counts once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("path", type=Path)
        parser.add_argument("--tenant", required=True, metavar="SLUG")
        parser.add_argument("--project", required=True, metavar="SLUG")

    def handle(self, *args: Any, **options: Any) -> None:
        files = transcripts(options["path"])
        if not options["path"].exists() or not files:
            raise CommandError(f"There are no *.jsonl transcripts at {options['path']}.")
        try:
            tenant_id = tenant_id_of(options["tenant"])
        except UnknownTenant as error:
            raise CommandError(str(error)) from error
        with tenant_scope(tenant_id):
            if not Project.objects.filter(slug=options["project"]).exists():
                raise CommandError(f"There is no project {options['project']!r} in this tenant.")
        messages: dict[tuple[str, str], Message] = {}
        for path in progress(files, label="reading", out=self.stderr):
            merge(messages, read_messages(path))
        events = [event(each, project=options["project"]) for each in messages.values()]
        events.sort(key=lambda each: (str(each["occurred_at"]), str(each["id"])))
        self._report(self._post(events, tenant_id), files=len(files))
        if events:
            days = f"since={str(events[0]['occurred_at'])[:10]}"
            self.stdout.write(
                f"See them at /t/{options['tenant']}/projects/{options['project']}/?{days}"
            )

    def _post(self, events: list[dict[str, object]], tenant_id: int) -> list[Verdict]:
        """The front door: the same intake that the API uses, batch by batch."""
        verdicts: list[Verdict] = []
        batches = [events[start : start + BATCH] for start in range(0, len(events), BATCH)]
        for batch in progress(batches, label="importing", out=self.stderr):
            now = timezone.now()
            checked = check_items([json.dumps(each).encode() for each in batch], now=now)
            verdicts += accept(checked, tenant_id=tenant_id, key=None, now=now)
            ring(tenant_id)
        return verdicts

    def _report(self, verdicts: list[Verdict], *, files: int) -> None:
        counts = {
            status: sum(each.status == status for each in verdicts)
            for status in ("accepted", "duplicate", "conflict", "rejected")
        }
        cost = total(each.cost for each in verdicts if each.cost is not None)
        unpriced = sum(each.cost is None and each.status == "accepted" for each in verdicts)
        self.stdout.write(
            f"{files} files, {len(verdicts)} messages: {counts['accepted']} accepted, "
            f"{counts['duplicate']} duplicates, {counts['conflict']} conflicts, "
            f"{counts['rejected']} rejected, {unpriced} unpriced; {dollars(cost, places=8)}"
        )
        for reason in sorted({f"{each.code}: {each.detail}" for each in verdicts if each.code}):
            self.stderr.write(reason)
        if counts["rejected"]:
            raise CommandError(f"{counts['rejected']} messages were not counted.")
