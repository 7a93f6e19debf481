"""The price book: no overlapping spans, and who may read it."""

from django.db import migrations

# btree_gist is not everywhere, so the row's identity becomes a one-point range of its 64-bit hash, which
# PostgreSQL's own GiST operators can hold apart (docs/decisions/0003).
NO_OVERLAP = """
ALTER TABLE billing_pricerow ADD CONSTRAINT price_spans_apart EXCLUDE USING gist (
    int8range(
        hashtextextended(provider || chr(31) || model || chr(31) || speed || chr(31) || over_prompt_tokens::text, 0),
        hashtextextended(provider || chr(31) || model || chr(31) || speed || chr(31) || over_prompt_tokens::text, 0),
        '[]') WITH &&,
    daterange(since, until) WITH &&)
"""


class Migration(migrations.Migration):
    dependencies = [("billing", "0002_ledger")]

    operations = [
        migrations.RunSQL(
            NO_OVERLAP, "ALTER TABLE billing_pricerow DROP CONSTRAINT price_spans_apart"
        ),
        migrations.RunSQL(
            "GRANT SELECT ON billing_pricerow, billing_modelalias TO costtrack_app, costtrack_viewer",
            "REVOKE ALL ON billing_pricerow, billing_modelalias FROM costtrack_app, costtrack_viewer",
        ),
    ]
