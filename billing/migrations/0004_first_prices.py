"""Fill the price book from the project's data file."""

from django.db import migrations

from billing.flow.price_data import read_price_data
from billing.money import TOKEN_CLASSES


def fill(apps, schema_editor):
    data = read_price_data()
    row, alias = apps.get_model("billing", "PriceRow"), apps.get_model("billing", "ModelAlias")
    row.objects.bulk_create(
        row(
            provider=record.provider,
            model=record.model,
            speed=record.speed,
            over_prompt_tokens=record.over_prompt_tokens,
            since=record.since,
            until=record.until,
            batch_multiplier=record.batch_multiplier,
            us_multiplier=record.us_multiplier,
            source=record.source,
            confidence=record.confidence,
            checked_on=record.checked_on,
            note=record.note,
            **dict(zip(TOKEN_CLASSES, record.rates, strict=True)),
        )
        for record in data.records
    )
    alias.objects.bulk_create(
        alias(provider=provider, alias=name, model=model)
        for (provider, name), model in data.aliases.items()
    )


def empty(apps, schema_editor):
    apps.get_model("billing", "PriceRow").objects.all().delete()
    apps.get_model("billing", "ModelAlias").objects.all().delete()


class Migration(migrations.Migration):
    dependencies = [("billing", "0003_price_book")]
    operations = [migrations.RunPython(fill, empty)]
