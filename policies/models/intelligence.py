"""What the world knows about vulnerabilities: global tables, the same for every tenant."""

from django.db import models


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


class FeedState(models.Model):
    """How a feed stands: what was last read successfully, and when; no row means never connected."""

    name = models.CharField(max_length=16, primary_key=True, choices=FeedName.choices)
    checked_at = models.DateTimeField(help_text="The last successful check.")
    model_date = models.DateField(null=True, help_text="The day the content stands for.")
    version = models.CharField(max_length=64)
    digest = models.CharField(max_length=71)
    row_count = models.PositiveIntegerField()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
