"""Whether an owner wants each week by mail."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tenants", "0010_week_starts_on")]

    operations = [
        migrations.AddField(
            model_name="membership",
            name="week_mail",
            field=models.BooleanField(db_default=True, default=True),
        )
    ]
