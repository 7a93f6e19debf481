"""docker-compose.yml without an engine: its shape, and that its parts know one another."""

import re
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docker-compose.yml").read_text()
COMPOSE = yaml.safe_load(TEXT)
SERVICES = COMPOSE["services"]
# read by costtrack/settings.py; those that local mode alone needs are not here
SETTINGS = {"DATABASE_URL", "REDIS_URL", "SECRET_KEY", "KEY_RING", "PUBLIC_URL", "ALLOWED_HOSTS"}
SETTINGS |= {"HTTPS", "EMAIL_URL"}


def test_every_lasting_service_has_a_healthcheck_and_comes_back():
    lasting = {name: service for name, service in SERVICES.items() if name != "migrate"}

    assert set(lasting) == {"postgres", "redis", "web", "worker", "beat"}
    assert all(service["restart"] == "unless-stopped" for service in lasting.values())
    assert all(service["healthcheck"]["test"][0].startswith("CMD") for service in lasting.values())


def test_programs_wait_for_healthy_servers_and_the_migrations():
    for name in ("web", "worker", "beat"):
        conditions = {on: how["condition"] for on, how in SERVICES[name]["depends_on"].items()}

        assert conditions == {
            "postgres": "service_healthy",
            "redis": "service_healthy",
            "migrate": "service_completed_successfully",
        }


def test_services_use_only_volumes_and_configs_that_are_declared():
    volumes = {each.partition(":")[0] for each in SERVICES["postgres"]["volumes"]}
    volumes |= {each.partition(":")[0] for each in SERVICES["redis"]["volumes"]}
    configs = {each["source"] for each in SERVICES["postgres"]["configs"]}

    assert volumes == set(COMPOSE["volumes"])
    assert configs == set(COMPOSE["configs"])


def test_programs_get_the_settings_and_the_example_names_every_variable():
    assert set(SERVICES["web"]["environment"]) >= SETTINGS
    variables = set(re.findall(r"(?<!\$)\$\{([A-Z_]+)", TEXT))

    example = (ROOT / ".env.example").read_text()
    assert variables == set(re.findall(r"^([A-Z_]+)=", example, flags=re.MULTILINE))


def test_no_secret_has_a_default():
    for name in ("SECRET_KEY", "KEY_RING", "POSTGRES_PASSWORD"):
        assert f"${{{name}:-" not in TEXT
        assert f"${{{name}:?" in TEXT


def test_the_database_owner_is_no_superuser():
    statements = COMPOSE["configs"]["owner"]["content"]

    assert "CREATE ROLE costtrack LOGIN CREATEROLE" in statements
    assert "SUPERUSER" not in statements
    assert "POSTGRES_USER" not in SERVICES["postgres"]["environment"]
