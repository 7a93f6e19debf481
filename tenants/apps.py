"""App `tenants`: who may see what."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate

from tenants.walls import grant_global_tables


class TenantsConfig(AppConfig):
    name = "tenants"

    def ready(self) -> None:
        post_migrate.connect(grant_global_tables, dispatch_uid="tenants.grant_global_tables")
