"""Runs of what-if: a question about past calls that takes longer than a page, and the answer so far."""

from datetime import date, timedelta
from typing import ClassVar

from django.db import models

from billing.models.measures import money
from tenants.models.owned import TenantOwned


class WhatIfState(models.TextChoices):
    RUNNING = "running"
    STOPPED = "stopped"
    DONE = "done"
    FAILED = "failed"


class WhatIfRun(TenantOwned):
    """A change of the calls of [since, until). Days before `next_day` are answered; the rest is to come."""

    tenant_id = models.IntegerField()
    settings = models.JSONField()
    """The change, as a query string names it."""
    client = models.TextField(default="")
    project = models.TextField(default="")
    since = models.DateField()
    until = models.DateField()
    next_day = models.DateField()
    state = models.TextField(choices=WhatIfState, default=WhatIfState.RUNNING)
    stopped_because = models.TextField(default="")
    book = models.TextField(default="")
    """The version of the price book that it is answered by; another one ends it."""
    one_by_one = models.BigIntegerField(default=0)
    unpriced_events = models.BigIntegerField(default=0)
    left_out = models.JSONField(default=dict)
    """By reason: events, and their cost as text."""
    asked_at = models.DateTimeField()
    asked_by = models.TextField()
    moved_at = models.DateTimeField()

    class Meta(TenantOwned.Meta):
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant_id", "id"], name="what_if_in_tenant"),
        ]

    def __str__(self) -> str:
        return f"what if, {self.since} to {self.until}, {self.state}"

    @property
    def is_running(self) -> bool:
        return self.state == WhatIfState.RUNNING

    @property
    def last_day(self) -> date:
        return self.until - timedelta(days=1)

    @property
    def percent(self) -> int:
        return (self.next_day - self.since).days * 100 // (self.until - self.since).days


class WhatIfDay(TenantOwned):
    """What one client's calls of a day cost, and what they would have."""

    pk = models.CompositePrimaryKey("tenant_id", "run_id", "day", "client")
    tenant_id = models.IntegerField()
    run_id = models.IntegerField()
    day = models.DateField()
    client = models.TextField()
    """Its slug."""
    events = models.BigIntegerField()
    old = money()
    new = money()

    class Meta(TenantOwned.Meta):
        pass

    def __str__(self) -> str:
        return f"{self.day}: {self.old} to {self.new}"
