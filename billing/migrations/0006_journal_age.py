"""The journal says since when an entry waits; who dispatches may see it, and how old the oldest is."""

from django.db import migrations, models
from django.db.models.functions import Now

from tenants.walls import dispatch_sees_also


class Migration(migrations.Migration):

    dependencies = [
        ('billing', '0005_corrections'),
    ]

    operations = [
        migrations.AddField(
            model_name='spendentry',
            name='stored_at',
            field=models.DateTimeField(db_default=Now()),
        ),
        dispatch_sees_also("billing_spendentry", "id, stored_at"),
    ]
