"""Until when a delivery is tried: three days from when it was written, or sent again by hand."""

from datetime import timedelta

from django.db import migrations, models
from django.db.models.functions import Now


class Migration(migrations.Migration):

    dependencies = [
        ('billing', '0012_other_lists'),
    ]

    operations = [
        migrations.AddField(
            model_name='delivery',
            name='give_up_at',
            field=models.DateTimeField(db_default=Now() + timedelta(days=3)),
        ),
    ]
