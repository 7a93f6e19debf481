"""App `tenants`: who may see what."""

from importlib import import_module

from django.apps import AppConfig
from django.db.models.signals import post_migrate

from tenants.walls import grant_global_tables, let_people_go


class TenantsConfig(AppConfig):
    name = "tenants"

    def ready(self) -> None:
        post_migrate.connect(grant_global_tables, dispatch_uid="tenants.grant_global_tables")
        post_migrate.connect(let_people_go, dispatch_uid="tenants.let_people_go")
        import_module("tenants.sessions").connect()  # it needs the models, which exist only now
