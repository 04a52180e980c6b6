"""How the feeds arrive: how each stands, what every load changed, what is kept aside, who was told."""

from datetime import datetime, timedelta
from typing import Self

from django.db import models
from django_fsm import FSMField, FSMModelMixin, transition

from policies.models.intelligence import FeedName, written
from stellapolicy.kernel.ids import new_id
from stellapolicy.tenancy.models import Tenant


class FeedOrigin(models.TextChoices):
    """The door a file came through."""

    COMMAND = "command", "Command line"
    UPLOAD = "upload", "Upload"
    FETCH = "fetch", "Fetched"
    BUNDLE = "bundle", "Bundle"
    BOOTSTRAP = "bootstrap", "Bootstrap"


class FeedState(models.Model):
    """How a feed stands: what was last read successfully, and what went wrong since; no row means never connected."""

    name = models.CharField(max_length=16, primary_key=True, choices=FeedName.choices)
    checked_at = models.DateTimeField(null=True, help_text="The last successful check; empty before the first.")
    model_date = models.DateField(null=True, help_text="The day the content stands for.")
    version = models.CharField(max_length=64, blank=True)
    digest = models.CharField(max_length=71, blank=True)
    row_count = models.PositiveIntegerField(default=0)
    etag = models.CharField(max_length=255, blank=True, help_text="What the server called the content last fetched.")
    last_modified = models.CharField(max_length=64, blank=True, help_text="When the server said it had changed.")
    failures = models.PositiveIntegerField(default=0, help_text="Failed checks since the last successful one.")
    failed_at = models.DateTimeField(null=True)
    error_code = models.CharField(max_length=64, blank=True)
    error = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def is_failed(self) -> bool:
        """Whether the last check failed; what was read before still counts, by its age."""
        return self.failures > 0


class Wholesale(models.TextChoices):
    """Why a load moved everything at once, so that no single CVE is news."""

    NO = "", "No"
    FIRST = "first", "First load"
    MODEL = "model", "New model version"
    FLOOD = "flood", "Too many changes to tell apart"


class FeedChangeQuerySet(models.QuerySet["FeedChange"]):
    """What the loads did."""

    def untold(self, *, tenant: Tenant, at: datetime, within: timedelta) -> Self:
        """Those a tenant has yet to hear of, in their order: younger than the tenant, and not long past."""
        since = max(tenant.created_at, at - within)
        told = FeedNotice.objects.filter(tenant=tenant).values("change")
        return self.filter(loaded_at__gte=since, is_past=False).exclude(pk__in=told).order_by("pk")


class FeedChange(models.Model):
    """One load that brought something new, and how much it changed."""

    name = models.CharField(max_length=16, choices=FeedName.choices)
    version = models.CharField(max_length=64)
    model_date = models.DateField()
    digest = models.CharField(max_length=71)
    origin = models.CharField(max_length=16, choices=FeedOrigin.choices)
    row_count = models.PositiveIntegerField()
    added = models.PositiveIntegerField()
    changed = models.PositiveIntegerField()
    removed = models.PositiveIntegerField()
    event_count = models.PositiveIntegerField(default=0, help_text="CVEs that crossed a threshold, or are news.")
    wholesale = models.CharField(max_length=8, choices=Wholesale.choices, blank=True, default=Wholesale.NO)
    is_past = models.BooleanField(default=False, help_text="An older day, loaded into the history alone.")
    loaded_at = models.DateTimeField()

    objects = FeedChangeQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["name", "model_date"])]

    def __str__(self) -> str:
        return f"{self.name} {self.model_date}"


class IntelligenceKind(models.TextChoices):
    """What happened to a CVE."""

    CROSSED = "epss_crossed", "EPSS crossed a threshold"
    MOVED = "epss_moved", "EPSS moved far"
    FIRST_SIGNAL = "epss_first", "First EPSS score"
    WITHDRAWN = "epss_withdrawn", "EPSS score withdrawn"
    KEV_LISTED = "kev_listed", "Newly known exploited"
    KEV_CHANGED = "kev_changed", "KEV entry changed"
    KEV_REMOVED = "kev_removed", "Removed from KEV"


class IntelligenceEvent(models.Model):
    """One CVE of which the world thinks differently than before."""

    change = models.ForeignKey(FeedChange, on_delete=models.CASCADE, related_name="events")
    cve = models.CharField(max_length=32)
    kind = models.CharField(max_length=16, choices=IntelligenceKind.choices)
    before = models.PositiveIntegerField(null=True, help_text="EPSS in 10⁻⁵.")
    after = models.PositiveIntegerField(null=True, help_text="EPSS in 10⁻⁵.")
    said = models.JSONField(default=dict, blank=True, help_text="What changed in a KEV entry: [before, after].")

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["cve", "-id"])]
        constraints = [
            models.UniqueConstraint(fields=["change", "cve"], name="intelligence_event_once_per_change"),
            models.CheckConstraint(
                condition=models.Q(kind__in=IntelligenceKind.values), name="intelligence_kind_is_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.cve} {self.kind}"

    @property
    def written_before(self) -> str | None:
        """The probability before, as decimal text."""
        return written(self.before)

    @property
    def written_after(self) -> str | None:
        """The probability after, as decimal text."""
        return written(self.after)


class FeedNotice(models.Model):
    """A tenant was told of a change; a row per pair, so that each is told once."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
    change = models.ForeignKey(FeedChange, on_delete=models.CASCADE, related_name="+")
    told_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "change"], name="feed_notice_once_per_tenant")]

    def __str__(self) -> str:
        return f"{self.tenant_id} {self.change_id}"


class HeldState(models.TextChoices):
    """Where a file that is kept aside stands."""

    HELD = "held", "Kept aside"
    WAITING = "waiting", "Waiting for a second person"
    LOADED = "loaded", "Loaded"
    DISCARDED = "discarded", "Discarded"


class HeldFeedQuerySet(models.QuerySet["HeldFeed"]):
    """Files kept aside."""

    def open(self) -> Self:
        """Those of which nobody has decided yet."""
        return self.filter(state__in=(HeldState.HELD, HeldState.WAITING))

    def locked(self) -> Self:
        """Held against other writers until the transaction ends."""
        return self.select_for_update()


class HeldFeed(FSMModelMixin, models.Model):
    """A file that was not loaded and is kept until somebody looks: broken, shrunken, or waiting for a second person."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(max_length=16, choices=FeedName.choices)
    state = FSMField(default=HeldState.HELD, choices=HeldState.choices, protected=True, max_length=16)
    origin = models.CharField(max_length=16, choices=FeedOrigin.choices)
    digest = models.CharField(max_length=71)
    stored_as = models.CharField(max_length=255)
    size_bytes = models.BigIntegerField()
    code = models.CharField(max_length=64, help_text="Why it is kept aside: a refusal's code, or feed.to_review.")
    reason = models.CharField(max_length=500)
    is_readable = models.BooleanField(help_text="Whether it is a whole feed that could be loaded.")
    version = models.CharField(max_length=64, blank=True)
    model_date = models.DateField(null=True)
    row_count = models.PositiveIntegerField(null=True)
    kept_by = models.CharField(max_length=200)
    kept_at = models.DateTimeField()
    approval = models.UUIDField(null=True, help_text="The request that a second person decides.")
    decided_by = models.CharField(max_length=200, blank=True)
    decided_at = models.DateTimeField(null=True)

    objects = HeldFeedQuerySet.as_manager()

    class Meta:
        ordering = ["-kept_at", "-id"]
        constraints = [
            models.CheckConstraint(condition=models.Q(state__in=HeldState.values), name="held_feed_state_is_known"),
            models.UniqueConstraint(
                fields=["name", "digest"],
                condition=models.Q(state__in=["held", "waiting"]),
                name="held_feed_once_while_open",
            ),
        ]

    def __str__(self) -> str:
        return f"{FeedName(self.name).label} {self.digest[:19]}"

    @transition(field=state, source=HeldState.HELD, target=HeldState.WAITING)
    def wait(self) -> None:
        """Somebody asked for it; a second person decides."""

    @transition(field=state, source=HeldState.WAITING, target=HeldState.HELD)
    def refuse(self) -> None:
        """The second person said no; it stays aside."""

    @transition(field=state, source=[HeldState.HELD, HeldState.WAITING], target=HeldState.LOADED)
    def mark_loaded(self) -> None:
        """It was loaded after all."""

    @transition(field=state, source=[HeldState.HELD, HeldState.WAITING], target=HeldState.DISCARDED)
    def discard(self) -> None:
        """Nobody wants it."""
