"""The oldest mail that waits is found by an index."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('billing', '0014_keeping'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(condition=models.Q(('person__isnull', False), ('state__in', ('due', 'sending'))), fields=['tenant', 'created_at'], name='delivery_mail_waits'),
        ),
    ]
