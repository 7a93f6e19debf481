"""The Celery door: a task with a `tenant_id` runs in that tenant's scope."""

from typing import Any

from celery import Task

from tenants.scoping import tenant_scope


class DoorTask(Task):  # type: ignore[misc]
    """Base of every task. `scoped=True` opens the scope of the task's `tenant_id` argument.

    The scope is one transaction, so a scoped task does all of its work or none.
    """

    abstract = True
    scoped = False

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if not self.scoped:
            return super().__call__(*args, **kwargs)
        with tenant_scope(kwargs["tenant_id"]):
            return super().__call__(*args, **kwargs)
