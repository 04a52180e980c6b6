"""What the world knows about vulnerabilities: global tables, the same for every tenant."""

from datetime import date
from typing import Self

from django.contrib.postgres.indexes import BrinIndex
from django.db import models

from stellapolicy.kernel.decimals import EPSS_UNITS, from_units


class FeedName(models.TextChoices):
    """The feeds an installation can be connected to."""

    EPSS = "epss", "EPSS"
    KEV = "kev", "KEV"


class EpssScore(models.Model):
    """The current exploit prediction of one CVE; probability and percentile in 10⁻⁵."""

    cve = models.CharField(max_length=32, primary_key=True)
    score = models.PositiveIntegerField()
    percentile = models.PositiveIntegerField()
    model_date = models.DateField(help_text="The day since which the score stands.")

    class Meta:
        ordering = ["cve"]

    def __str__(self) -> str:
        return self.cve

    @property
    def written_score(self) -> str:
        """The probability as decimal text."""
        return from_units(self.score, units=EPSS_UNITS)

    @property
    def written_percentile(self) -> str:
        """The percentile as decimal text."""
        return from_units(self.percentile, units=EPSS_UNITS)


def written(units: int | None) -> str | None:
    """Return a probability in 10⁻⁵ as decimal text; None for none."""
    return None if units is None else from_units(units, units=EPSS_UNITS)


class EpssHistoryQuerySet(models.QuerySet["EpssHistory"]):
    """What was predicted before."""

    def of(self, cve: str) -> Self:
        """The predictions of one CVE, the newest first."""
        return self.filter(cve=cve).order_by("-model_date", "-load")

    def since(self, day: date) -> Self:
        """Those of this day and later."""
        return self.filter(model_date__gte=day)


class EpssHistory(models.Model):
    """What a day of EPSS changed about one CVE; between two rows the older one stands.

    Rows are never changed. A day that is published twice adds a row under a later load. Probability and percentile
    are in 10⁻⁵, and empty from the day on which EPSS no longer listed the CVE.
    """

    pk = models.CompositePrimaryKey("cve", "model_date", "load")
    cve = models.CharField(max_length=32)
    model_date = models.DateField()
    load = models.BigIntegerField(help_text="The number of the load that brought it; 0 from before loads were kept.")
    score = models.PositiveIntegerField(null=True)
    percentile = models.PositiveIntegerField(null=True)

    objects = EpssHistoryQuerySet.as_manager()

    class Meta:
        ordering = ["cve", "-model_date", "-load"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(score__isnull=False, percentile__isnull=False)
                | models.Q(score__isnull=True, percentile__isnull=True),
                name="epss_history_scores_whole_or_not_at_all",
            )
        ]
        # Days arrive in order, so that a summary of each range of pages is enough to find the old ones.
        indexes = [BrinIndex(fields=["model_date"], name="epss_history_by_day")]

    def __str__(self) -> str:
        return f"{self.cve} {self.model_date}"

    @property
    def written_score(self) -> str | None:
        """The probability as decimal text; None where it was withdrawn."""
        return written(self.score)

    @property
    def written_percentile(self) -> str | None:
        """The percentile as decimal text; None where it was withdrawn."""
        return written(self.percentile)


class KevEntry(models.Model):
    """One entry of CISA's catalogue of known exploited vulnerabilities."""

    cve = models.CharField(max_length=32, primary_key=True)
    name = models.CharField(max_length=500)
    date_added = models.DateField()
    due_date = models.DateField()
    ransomware = models.BooleanField(null=True, help_text="Empty where the catalogue says unknown.")

    class Meta:
        ordering = ["cve"]
        verbose_name_plural = "KEV entries"

    def __str__(self) -> str:
        return self.cve
