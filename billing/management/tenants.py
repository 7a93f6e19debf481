"""What commands share that run tenant by tenant: which ones, and a line of progress for each."""

from collections.abc import Iterator
from typing import Any

from django.core.management.base import CommandError, CommandParser

from tenants.directory import UnknownTenant, all_tenants, tenant_id_of


def add_tenant_argument(parser: CommandParser) -> None:
    parser.add_argument("--tenant", metavar="SLUG", help="only this tenant; otherwise all")


def chosen_tenants(options: dict[str, Any]) -> Iterator[tuple[str, int]]:
    """(slug, id) of the tenants that a command was asked to work on."""
    slug = options["tenant"]
    if not slug:
        yield from all_tenants().items()
        return
    try:
        yield slug, tenant_id_of(slug)
    except UnknownTenant as error:
        raise CommandError(str(error)) from error
