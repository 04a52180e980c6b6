"""VEX documents about products rather than about one artifact; their statements join every snapshot they speak of."""

from collections.abc import Iterable
from typing import Self

import orjson
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models

from stellapolicy.tenancy.models import TenantModel, TenantQuerySet


class VexDocument(TenantModel):
    """One document as it came; the same bytes are one document."""

    digest = models.CharField(max_length=71)
    document_id = models.CharField(max_length=500, blank=True, help_text="The document's own name, where it has one.")
    filename = models.CharField(max_length=255, blank=True)
    stored_as = models.CharField(max_length=255)
    size_bytes = models.BigIntegerField()
    format = models.CharField(max_length=32)
    tool = models.CharField(max_length=100)
    fidelity = models.JSONField(default=dict)
    statement_count = models.PositiveIntegerField()
    issued_at = models.DateTimeField(null=True)
    uploaded_by = models.CharField(max_length=200)
    uploaded_at = models.DateTimeField()

    objects = TenantQuerySet["VexDocument"].as_manager()

    class Meta(TenantModel.Meta):
        ordering = ["-uploaded_at", "-id"]
        constraints = [models.UniqueConstraint(fields=["tenant", "digest"], name="vex_document_once_per_tenant")]
        indexes = [models.Index(fields=["tenant", "document_id"], name="vex_documents_by_id")]

    def __str__(self) -> str:
        return self.filename or self.document_id or self.digest[:19]


class ProductStatementQuerySet(TenantQuerySet["ProductStatement"]):
    """Statements of the tenant."""

    def about_any(self, names: Iterable[str]) -> Self:
        """Those about a vulnerability of one of these names, in the order of their documents."""
        # The names travel as one text: ten thousand parameters would each be quoted.
        wanted = orjson.dumps(sorted(set(names))).decode()
        overlap = models.expressions.RawSQL(
            "names && ARRAY(SELECT jsonb_array_elements_text(%s::jsonb))", [wanted], models.BooleanField()
        )
        return self.filter(overlap).order_by("document__digest", "position")


class ProductStatement(TenantModel):
    """One statement of a document."""

    document = models.ForeignKey(VexDocument, on_delete=models.PROTECT, related_name="statements")
    position = models.PositiveIntegerField()
    vulnerability = models.CharField(max_length=200)
    names = ArrayField(models.TextField(), help_text="Every name of the vulnerability.")
    status = models.CharField(max_length=32)
    claim = models.JSONField()

    objects = ProductStatementQuerySet.as_manager()

    class Meta(TenantModel.Meta):
        ordering = ["document", "position"]
        constraints = [
            models.UniqueConstraint(fields=["document", "position"], name="product_statement_once_per_position")
        ]
        indexes = [GinIndex(fields=["names"], name="product_statements_by_name")]

    def __str__(self) -> str:
        return f"{self.vulnerability} {self.status}"
