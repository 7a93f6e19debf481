"""Every way to read a model, as one table. Each answers with the primary keys it shows, or with how many."""

import pickle

from django.apps import apps
from django.db import models
from django.db.models import Count, Exists, F, OuterRef, Q, Subquery, Value
from django.db.models.functions import Coalesce

OWNED = sorted(
    (model for model in apps.get_models() if hasattr(model, "tenant_column")),
    key=lambda model: model._meta.label,
)
GLOBAL = [model for model in apps.get_models() if not hasattr(model, "tenant_column")]


def rows(model, *, tenant=None, client=None):
    """What is really there: a queryset without a wall, for a connection that speaks as the owner."""
    found = models.QuerySet(model)
    if tenant is not None:
        found = found.filter(**{model.tenant_column: tenant})
    if client is not None:
        found = found.filter(**{model.client_column: client}) if model.client_column else []
    return list(found)


def keys(found):
    return {row.pk for row in found}


def _pickled(queryset):
    copy = queryset.model.objects.none()
    copy.query = pickle.loads(pickle.dumps(queryset.query))  # noqa: S301  our own
    return copy


def _in_subquery(model):
    """The inner queryset is walled, the outer one is not."""
    inner = model.objects.filter(**{model.tenant_column: OuterRef(model.tenant_column)})
    return models.QuerySet(model).filter(Exists(inner.filter(_same_row(model))))


def _same_row(model):
    return Q(**{name: OuterRef(name) for name in _key_columns(model)})


def _key_columns(model):
    key = model._meta.pk
    parts = key.fields if isinstance(key, models.CompositePrimaryKey) else [key]
    return [each.attname for each in parts]


def _chosen(model):
    """A scalar subquery in a row of no tenant's table."""
    column = _key_columns(model)[-1]
    inner = model.objects.filter(_same_row(model)).values(column)[:1]
    outer = models.QuerySet(model).annotate(chosen=Subquery(inner))
    return outer.filter(chosen__isnull=False)


def _both_halves(model):
    tenant = model.tenant_column
    return model.objects.filter(**{f"{tenant}__gt": 0}) | model.objects.filter(**{tenant: 0})


def _paged(model):
    ordered = model.objects.order_by(*_key_columns(model))
    return [*ordered[:3], *ordered[3:]]


READS = {
    "all": lambda model: model.objects.all(),
    "default_manager": lambda model: model._default_manager.all(),
    "base_manager": lambda model: model._base_manager.all(),
    "db_manager": lambda model: model._base_manager.db_manager("default").all(),
    "using": lambda model: model.objects.using("default"),
    "filter": lambda model: model.objects.filter(**{f"{model.tenant_column}__gt": 0}),
    "filter_or": lambda model: model.objects.filter(Q(pk__in=[]) | ~Q(pk__in=[])),
    "exclude": lambda model: model.objects.exclude(**{model.tenant_column: 0}),
    "or": _both_halves,
    "and": lambda model: model.objects.all() & model.objects.all(),
    "slices": _paged,
    "ordered": lambda model: model.objects.order_by(*_key_columns(model)).reverse(),
    "distinct": lambda model: model.objects.distinct(),
    "only": lambda model: model.objects.only(*_key_columns(model)),
    "annotate": lambda model: model.objects.annotate(one=Value(1)).filter(one=1),
    "alias": lambda model: model.objects.alias(own=F(model.tenant_column)).filter(own__gt=0),
    "group": lambda model: model.objects.annotate(n=Count(model.tenant_column)).filter(n=1),
    "select_related": lambda model: model.objects.select_related(),
    "select_for_update": lambda model: model.objects.select_for_update(of=("self",)),
    "iterator": lambda model: model.objects.iterator(chunk_size=2),
    "in_bulk": lambda model: model.objects.in_bulk([*keys(rows(model))]).values(),
    "union": lambda model: model.objects.order_by().union(model.objects.order_by()),
    "intersection": lambda model: model.objects.order_by().intersection(model.objects.order_by()),
    "difference": lambda model: model.objects.order_by().difference(
        model.objects.order_by().filter(pk__in=[])
    ),
    "subquery_exists": _in_subquery,
    "subquery_scalar": _chosen,
    "subquery_in": lambda model: models.QuerySet(model).filter(pk__in=model.objects.values("pk")),
    "pickled": lambda model: _pickled(model.objects.all()),
}
READS = {name: lambda model, read=read: keys(read(model)) for name, read in READS.items()} | {
    "values": lambda model: {row["pk"] for row in model.objects.values("pk")},
    "values_list": lambda model: set(model.objects.values_list("pk", flat=True)),
    "count": lambda model: model.objects.count(),
    "len": lambda model: len(model.objects.all()),
    "aggregate": lambda model: model.objects.aggregate(n=Coalesce(Count("*"), 0))["n"],
    "contains": lambda model: {
        row.pk for row in rows(model) if model.objects.contains(copy_of(row))
    },
    "get": lambda model: {row.pk for row in rows(model) if _got(model, row.pk)},
    "exists": lambda model: {
        row.pk for row in rows(model) if model.objects.filter(pk=row.pk).exists()
    },
    "refresh_from_db": lambda model: {row.pk for row in rows(model) if _refreshed(row)},
}


def copy_of(row):
    return type(row)(**values_of(row))


def values_of(row):
    columns = [each.attname for each in row._meta.concrete_fields if each.column]
    return {name: getattr(row, name) for name in columns}


def free_column(model):
    """A column that is no part of the key and does not say whose row it is."""
    taken = {*_key_columns(model), model.tenant_column}
    for each in model._meta.concrete_fields:
        if each.column and each.attname not in taken:
            return each.attname
    return None


def _got(model, key):
    try:
        return model.objects.get(pk=key)
    except model.DoesNotExist:
        return None


def _refreshed(row):
    try:
        row.refresh_from_db()
    except type(row).DoesNotExist:
        return False
    return True
