"""Roles in words, for pages and mails."""

from tenants.models import Role

MAY = {
    Role.OWNER: "Owner: everything, and who the owners are",
    Role.ADMIN: "Admin: everything but owners",
    Role.FINANCE: "Finance: budgets and prices",
    Role.MEMBER: "Member: reads",
    Role.CLIENT: "Client viewer: reads the spend of one client",
}


def role_in_words(role: str, *, client: str = "") -> str:
    """`a finance member`, `a viewer of Globex`."""
    if role == Role.CLIENT:
        return f"a viewer of {client}"
    return {
        Role.OWNER: "an owner",
        Role.ADMIN: "an admin",
        Role.FINANCE: "a finance member",
        Role.MEMBER: "a member",
    }[Role(role)]
