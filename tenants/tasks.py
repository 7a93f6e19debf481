"""The Celery door: a task of this base runs in the scope of its `tenant_id` argument."""

from typing import Any

from celery import Task

from tenants.scoping import tenant_scope


class ScopedTask(Task[Any, Any]):
    """Opens the tenant's scope around the task: one transaction, so it does all of its work or none."""

    abstract = True

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        with tenant_scope(kwargs["tenant_id"]):
            return super().__call__(*args, **kwargs)
