"""How the books are kept: retention, the horizon behind which the ledger is whole, a change of time zone.

The serving role cannot delete from the ledger. Three functions of the owner can, and only what a tenant's own
retention lets go.
"""

from django.db import migrations, models

from tenants.scoping import DISPATCH_ROLE
from tenants.walls import definer_function, dispatch_sees, wall

# The start of the oldest month that a retention of so many months keeps.
KEPT_SINCE = (
    "(date_trunc('month', now() AT TIME ZONE 'UTC') - {months} * interval '1 month')::date"
)
OWN_TENANT = """
    IF p_tenant IS DISTINCT FROM nullif(current_setting('app.tenant_id', true), '')::integer THEN
        RAISE EXCEPTION 'tenant % is not the active one', p_tenant USING ERRCODE = '42501';
    END IF;
    -- shared with stores, never with a rebuild: one that is under way reads the ledger
    PERFORM pg_advisory_xact_lock_shared(7201, p_tenant);
    SELECT KEPT_SINCE INTO v_kept_since FROM billing_retention WHERE tenant_id = p_tenant;
""".replace("KEPT_SINCE", KEPT_SINCE.format(months="months"))

# Moves the horizon and deletes nothing: whoever looks sees either the whole ledger or the horizon.
LET_GO = f"""
DECLARE
    v_kept_since date;
BEGIN
    {OWN_TENANT}
    IF v_kept_since IS NULL OR p_until > v_kept_since OR p_until <> date_trunc('month', p_until)::date THEN
        RAISE EXCEPTION 'events since % are kept', v_kept_since;
    END IF;
    IF EXISTS (SELECT FROM billing_zonechange WHERE tenant_id = p_tenant AND finished_at IS NULL) THEN
        RAISE EXCEPTION 'the days are being moved to another time zone';
    END IF;
    INSERT INTO billing_horizon AS old (tenant_id, since, first_day)
    SELECT id, p_until,
        (p_until::timestamp AT TIME ZONE 'UTC' AT TIME ZONE timezone - interval '1 microsecond')::date + 1
    FROM tenants_tenant WHERE id = p_tenant
    ON CONFLICT (tenant_id) DO UPDATE SET since = greatest(old.since, excluded.since),
        first_day = greatest(old.first_day, excluded.first_day);
END
"""

# At most so many events, or corrections once no event is left: a short transaction. Returns how many went.
FORGET = f"""
DECLARE
    v_kept_since date;
    v_until timestamptz;
    v_at timestamptz;
    v_key uuid;
    v_gone integer;
BEGIN
    {OWN_TENANT}
    SELECT least(since, v_kept_since)::timestamp AT TIME ZONE 'UTC' INTO v_until
    FROM billing_horizon WHERE tenant_id = p_tenant;
    IF v_until IS NULL OR v_kept_since IS NULL THEN
        RETURN 0;
    END IF;
    SELECT occurred_at, key INTO v_at, v_key FROM (
        SELECT occurred_at, key FROM billing_usageevent WHERE tenant_id = p_tenant AND occurred_at < v_until
        ORDER BY occurred_at, key LIMIT greatest(p_limit, 1)) batch
    ORDER BY occurred_at DESC, key DESC LIMIT 1;
    IF FOUND THEN
        DELETE FROM billing_usageevent WHERE tenant_id = p_tenant AND occurred_at <= v_at
            AND (occurred_at, key) <= (v_at, v_key);
    ELSE
        DELETE FROM billing_eventcorrection WHERE ctid = ANY(ARRAY(
            SELECT ctid FROM billing_eventcorrection WHERE tenant_id = p_tenant AND occurred_at < v_until
            LIMIT greatest(p_limit, 1)));
    END IF;
    GET DIAGNOSTICS v_gone = ROW_COUNT;
    RETURN v_gone;
END
"""

# One month that every tenant with rows in it has let go: emptied at once, and the partition stays, since late
# events of that month may still come. Its name, or null when there is none (or somebody is at work in it).
EMPTY_MONTH = f"""
DECLARE
    v_month date;
    v_name text;
    v_kept boolean;
BEGIN
    SET LOCAL lock_timeout = '3s';
    FOR v_month, v_name IN
        SELECT to_date(right(c.relname, 7), 'YYYY_MM'), c.relname
        FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'public.billing_usageevent'::regclass AND pg_relation_size(c.oid) > 0
            AND c.relname < 'billing_usageevent_' || to_char(now() - interval '1 month', 'YYYY_MM')
        ORDER BY c.relname
    LOOP
        BEGIN
            EXECUTE format('LOCK TABLE public.%I IN ACCESS EXCLUSIVE MODE', v_name);
            EXECUTE format($q$
                SELECT EXISTS (SELECT FROM tenants_tenant t
                    LEFT JOIN billing_horizon h ON h.tenant_id = t.id
                    LEFT JOIN billing_retention r ON r.tenant_id = t.id
                    WHERE EXISTS (SELECT FROM public.%I e WHERE e.tenant_id = t.id)
                        AND (h.since >= $1 AND {KEPT_SINCE.format(months="r.months")} >= $1) IS NOT TRUE)
                $q$, v_name) INTO v_kept USING (v_month + interval '1 month')::date;
            IF v_kept THEN
                RAISE EXCEPTION USING ERRCODE = 'CT001';  -- gives the lock back
            END IF;
            EXECUTE format('TRUNCATE public.%I', v_name);
            RETURN v_name;
        EXCEPTION WHEN SQLSTATE 'CT001' OR lock_not_available THEN NULL;
        END;
    END LOOP;
    RETURN NULL;
END
"""


class Migration(migrations.Migration):

    dependencies = [
        ("billing", "0013_delivery_give_up_at"),
    ]

    operations = [
        migrations.CreateModel(
            name='Horizon',
            fields=[
                ('tenant_id', models.IntegerField(primary_key=True, serialize=False)),
                ('since', models.DateField()),
                ('first_day', models.DateField()),
            ],
            options={
                'abstract': False,
                'base_manager_name': 'objects',
            },
        ),
        migrations.CreateModel(
            name='Retention',
            fields=[
                ('tenant_id', models.IntegerField(primary_key=True, serialize=False)),
                ('months', models.SmallIntegerField(null=True)),
            ],
            options={
                'abstract': False,
                'base_manager_name': 'objects',
                'constraints': [models.CheckConstraint(condition=models.Q(('months__gte', 2), ('months__lte', 120)), name='retention_not_too_short')],
            },
        ),
        migrations.CreateModel(
            name='ZoneChange',
            fields=[
                ('tenant_id', models.IntegerField(primary_key=True, serialize=False)),
                ('started_at', models.DateTimeField()),
                ('worked_at', models.DateTimeField()),
                ('finished_at', models.DateTimeField(null=True)),
                ('reached', models.DateTimeField()),
                ('oldest', models.DateTimeField(null=True)),
                ('whole_from', models.DateField(null=True)),
                ('before', models.TextField()),
                ('wanted', models.TextField()),
            ],
            options={
                'abstract': False,
                'base_manager_name': 'objects',
                'constraints': [models.CheckConstraint(condition=models.Q(('before', models.F('wanted')), _negated=True), name='zone_change_changes_something')],
            },
        ),
        wall("billing_retention", app="SELECT, INSERT, UPDATE"),
        wall("billing_horizon", app="SELECT"),
        wall("billing_zonechange", app="SELECT, INSERT, UPDATE"),
        dispatch_sees("billing_retention", "tenant_id"),
        dispatch_sees("billing_zonechange", "tenant_id, worked_at, finished_at"),
        definer_function(
            "let_go_of_events(p_tenant integer, p_until date)",
            returns="void",
            body=LET_GO,
            language="plpgsql VOLATILE",
        ),
        definer_function(
            "forget_events(p_tenant integer, p_limit integer)",
            returns="integer",
            body=FORGET,
            language="plpgsql VOLATILE",
        ),
        definer_function(
            "empty_a_month()",
            returns="text",
            body=EMPTY_MONTH,
            roles=DISPATCH_ROLE,
            language="plpgsql VOLATILE",
        ),
    ]
