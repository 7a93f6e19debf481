"""The nouns of `tenants/`: who may see what."""

from tenants.models.invitation import Invitation
from tenants.models.keys import ApiKey
from tenants.models.logo import Logo
from tenants.models.people import Membership, Role, User
from tenants.models.record import AuditEntry
from tenants.models.tenant import Client, PriceView, Project, Tenant

__all__ = [
    "ApiKey",
    "AuditEntry",
    "Client",
    "Invitation",
    "Logo",
    "Membership",
    "PriceView",
    "Project",
    "Role",
    "Tenant",
    "User",
]
