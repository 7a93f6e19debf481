"""People: users are global (one login, several tenants); a membership says what they may see where."""

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import connection, models, transaction

from tenants.models.owned import TenantOwned
from tenants.models.tenant import Client, Tenant


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)


class User(AbstractBaseUser, PermissionsMixin):
    """A person, known by an e-mail address; addresses are kept in lower case."""

    email = models.EmailField(unique=True)
    name = models.CharField(max_length=120, blank=True)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    date_joined = models.DateTimeField(auto_now_add=True)

    objects = UserManager()
    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    def __str__(self) -> str:
        return self.name or self.email

    def get_full_name(self) -> str:
        return str(self)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """The database lets go of what points here (`walls.let_people_go`), in tenants that nobody here sees.

        What a person answers for (a budget) keeps the person: IntegrityError.
        """
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("DELETE FROM tenants_user WHERE id = %s", [self.pk])
            deleted = cursor.rowcount
        return deleted, {self._meta.label: deleted}


class Role(models.TextChoices):
    OWNER = "owner"
    ADMIN = "admin"
    FINANCE = "finance"
    MEMBER = "member"
    CLIENT = "client"


def client_exactly_for_viewers() -> models.Q:
    """A client viewer names its client; nobody else does."""
    return models.Q(role=Role.CLIENT, client__isnull=False) | (
        ~models.Q(role=Role.CLIENT) & models.Q(client__isnull=True)
    )


class Membership(TenantOwned):
    """What one person may see in one tenant."""

    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="+")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    role = models.CharField(max_length=10, choices=Role)
    client = models.ForeignKey(
        Client,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_constraint=False,
    )
    created_at = models.DateTimeField(auto_now_add=True)
    seen_at = models.DateTimeField(null=True, blank=True)
    """When the person last opened a page of this tenant, to within ten minutes."""
    week_mail = models.BooleanField(default=True, db_default=True)
    """Whether an owner wants each week by mail (billing/watch/week.py)."""

    class Meta(TenantOwned.Meta):
        constraints = [
            models.UniqueConstraint(fields=["tenant", "user"], name="membership_once"),
            models.CheckConstraint(
                condition=client_exactly_for_viewers(), name="membership_client_for_viewers"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} as {self.role}"
