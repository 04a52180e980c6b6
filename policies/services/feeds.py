"""Loads the feeds every tenant shares: whole or not at all, only changes written, the same day twice a no-op."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import connection, transaction

from policies.errors import FeedAhead, FeedOlder, FeedShrunk, NotAFeed
from policies.feeds.file import FeedFile, read_feed_file
from policies.feeds.news import KevDifference
from policies.importers.records import EpssDay, KevCatalogue
from policies.intelligence import news_rule
from policies.models import EpssHistory, EpssScore, FeedName, FeedState, KevEntry
from policies.models.feeds import FeedChange, FeedOrigin, Wholesale
from policies.services import feed_epss, feed_kev
from policies.services.feed_epss import Movement
from policies.services.feed_notices import announce
from stellapolicy.audit import services as audit
from stellapolicy.kernel.actor import Actor

SHRINK_FLOOR_PERCENT = 90
LARGEST_LEAD = timedelta(days=1)
# A load that makes news of more CVEs than this is no news: it is said once, of the feed as a whole.
FLOOD = 20_000
# The version of a feed that stands in until a real one is loaded; any other replaces it, whatever its day and length.
SAMPLE = "sample"
# The first of the two numbers of our advisory locks; no other part of the product takes it.
_LOCK = 0x57FEED


@dataclass(frozen=True, slots=True)
class LoadedFeed:
    """What a load did: rows in the feed, rows written; none written means it was known already.

    `change` is the number of the change it left behind, None where it was known; a past day went into the history.
    """

    name: FeedName
    version: str
    row_count: int
    changed: int
    model_date: date
    news: int = 0
    wholesale: str = Wholesale.NO.value
    is_past: bool = False
    change: int | None = None


@dataclass(frozen=True, slots=True)
class _Load:
    """A file on its way in: how its feed stood before (None for the first real one), and whether it is of the past."""

    file: FeedFile
    last: FeedState | None
    origin: FeedOrigin

    @property
    def name(self) -> FeedName:
        return FeedName(self.file.name)

    @property
    def is_past(self) -> bool:
        """Whether a newer day of EPSS is loaded already."""
        if self.last is None or self.last.model_date is None or self.name is not FeedName.EPSS:
            return False
        return self.file.model_date < self.last.model_date

    @property
    def is_known(self) -> bool:
        """Whether these very bytes are what is current."""
        return self.last is not None and self.last.digest == self.file.digest

    def wholesale(self, movement: Movement) -> Wholesale:
        """Return why no single CVE of this load is news; NO where each may be."""
        if self.last is None:
            return Wholesale.FIRST
        if self.name is FeedName.EPSS and self.last.version != self.file.version:
            return Wholesale.MODEL
        return Wholesale.FLOOD if movement.news > FLOOD else Wholesale.NO


@transaction.atomic
def load_feed(
    *,
    actor: Actor,
    content: bytes,
    at: datetime,
    expected: FeedName | None = None,
    origin: FeedOrigin = FeedOrigin.COMMAND,
    is_sample: bool = False,
    accept_shrunk: bool = False,
) -> LoadedFeed:
    """Load an EPSS day or a KEV catalogue, recognised by its content: the operator's own deed, judged by no scope.

    An EPSS day before the one that is loaded becomes history. Raises NotAFeed for anything else, FeedOlder for an
    older catalogue, FeedAhead for a day to come, FeedShrunk when under 90 % of the last rows remain, and the
    importers' refusals with the line.
    """
    file = recognise(content, expected=expected, is_sample=is_sample, at=at)
    wait_for_turn(FeedName(file.name))
    load = _Load(file, _last_real(FeedName(file.name)), origin)
    judge(load.file, load.last, accept_shrunk=accept_shrunk)
    loaded = _known(load) if load.is_known else _write(load, actor=actor, at=at)
    if not loaded.is_past:
        _record_check(load, at=at)
    audit.record(actor, "feed.loaded", audit.Target("policies.feedstate", file.name), at=at, after_digest=file.digest)
    return loaded


def recognise(content: bytes, *, expected: FeedName | None, is_sample: bool = False, at: datetime) -> FeedFile:
    """Return the feed a file is, or refuse what is none, another, a sample from outside, or of days to come."""
    file = read_feed_file(content)
    if file is None:
        raise NotAFeed("this is a report about an artifact; POST it to /evidence")
    if (file.version == SAMPLE) is not is_sample:
        raise NotAFeed(f"a feed of version {SAMPLE!r} stands in on a laptop and is loaded by bootstrap alone")
    label = FeedName(file.name).label
    if expected is not None and file.name != expected:
        raise NotAFeed(f"this is the {label} feed, {expected.label} was expected")
    if file.model_date > (at + LARGEST_LEAD).date():
        raise FeedAhead(f"{label} is of {file.model_date}, which is still to come; nothing was loaded")
    return file


def judge(file: FeedFile, last: FeedState | None, *, accept_shrunk: bool = False) -> None:
    """Refuse a file that is older than what is loaded (an EPSS day may be), or much shorter."""
    if last is None:
        return
    label = FeedName(file.name).label
    is_older = last.model_date is not None and file.model_date < last.model_date
    if is_older and file.name != FeedName.EPSS:
        raise FeedOlder(f"{label} of {last.model_date} is loaded, this one is of {file.model_date}; nothing was loaded")
    rows = _rows_then(file) if is_older else last.row_count
    if not accept_shrunk and file.row_count * 100 < rows * SHRINK_FLOOR_PERCENT:
        raise FeedShrunk(f"{label} had {rows} rows and now has {file.row_count}; nothing was loaded")


def wait_for_turn(name: FeedName) -> None:
    """Hold back every other load of this feed until this transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [_LOCK, name.value])


def _rows_then(file: FeedFile) -> int:
    """Return how long the feed was on the last day known up to the day of the file."""
    earlier = FeedChange.objects.filter(name=file.name, model_date__lte=file.model_date)
    return earlier.order_by("-model_date", "-pk").values_list("row_count", flat=True).first() or 0


def _last_real(name: FeedName) -> FeedState | None:
    """Return how the feed stood after the last real file; None before the first, a sample having made room for it."""
    last = FeedState.objects.filter(name=name).first()
    if last is not None and last.version == SAMPLE:
        _forget(name)
    return last if last is not None and last.digest and last.version != SAMPLE else None


def _forget(name: FeedName) -> None:
    """Make room for the real feed: of a sample nothing stays."""
    if name is FeedName.EPSS:
        EpssScore.objects.all().delete()
        EpssHistory.objects.all()._raw_delete(using="default")  # noqa: SLF001 - no row of it is referenced
    else:
        KevEntry.objects.all().delete()
    FeedChange.objects.filter(name=name).delete()


def _known(load: _Load) -> LoadedFeed:
    return LoadedFeed(load.name, load.file.version, load.file.row_count, 0, load.file.model_date)


def _write(load: _Load, *, actor: Actor, at: datetime) -> LoadedFeed:
    match load.file.content:
        case EpssDay() as day:
            return _write_epss(day, load, actor=actor, at=at)
        case KevCatalogue() as catalogue:
            return _write_kev(catalogue, load, actor=actor, at=at)


def _write_epss(day: EpssDay, load: _Load, *, actor: Actor, at: datetime) -> LoadedFeed:
    """Keep what a day changes: the current scores and the history, or of a past day the history alone."""
    rule = news_rule()
    with feed_epss.staged(day, as_of=day.score_date if load.is_past else None) as cursor:
        movement = feed_epss.measure(cursor, rule)
        if not movement.size and _is_repeated(load):
            return _known(load)
        change = _keep_change(load, movement, at=at)
        if load.is_past:
            feed_epss.keep_past(cursor, model_date=day.score_date, following=_following(load), load=change.pk)
        else:
            feed_epss.keep_current(cursor, model_date=day.score_date, load=change.pk)
            if not change.wholesale:
                feed_epss.keep_news(cursor, rule, change=change.pk)
    return _told(change, actor=actor, at=at)


def _write_kev(catalogue: KevCatalogue, load: _Load, *, actor: Actor, at: datetime) -> LoadedFeed:
    """Make the entries say what the catalogue says."""
    difference = feed_kev.compare(catalogue)
    if not difference.size and _is_repeated(load):
        return _known(load)
    movement = movement_of(difference)
    change = _keep_change(load, movement, at=at)
    feed_kev.keep(catalogue, difference)
    if not change.wholesale:
        feed_kev.keep_news(difference, change)
    return _told(change, actor=actor, at=at)


def movement_of(difference: KevDifference) -> Movement:
    """Return the numbers of a difference; every entry of the catalogue is news."""
    return Movement(len(difference.listed), len(difference.amended), len(difference.removed), news=difference.size)


def _is_repeated(load: _Load) -> bool:
    """Whether this very day was loaded before."""
    return FeedChange.objects.filter(name=load.name, model_date=load.file.model_date).exists()


def _following(load: _Load) -> date:
    """Return the first day after the file's that is known; there is one, or the file would not be of the past."""
    days = FeedChange.objects.filter(name=load.name, model_date__gt=load.file.model_date)
    first = days.order_by("model_date").values_list("model_date", flat=True).first()
    if first is None:
        raise LookupError("a past day has a later one that is loaded")
    return first


def _keep_change(load: _Load, movement: Movement, *, at: datetime) -> FeedChange:
    wholesale = Wholesale.NO if load.is_past else load.wholesale(movement)
    return FeedChange.objects.create(
        name=load.name,
        version=load.file.version,
        model_date=load.file.model_date,
        digest=load.file.digest,
        origin=load.origin,
        row_count=load.file.row_count,
        added=movement.added,
        changed=movement.changed,
        removed=movement.removed,
        event_count=0 if load.is_past or wholesale else movement.news,
        wholesale=wholesale,
        is_past=load.is_past,
        loaded_at=at,
    )


def _told(change: FeedChange, *, actor: Actor, at: datetime) -> LoadedFeed:
    """Tell of a change, unless it is of the past, and return what was done."""
    if not change.is_past:
        announce(change, actor=actor, at=at)
    return LoadedFeed(
        name=FeedName(change.name),
        version=change.version,
        row_count=change.row_count,
        changed=change.added + change.changed + change.removed,
        model_date=change.model_date,
        news=change.event_count,
        wholesale=change.wholesale,
        is_past=change.is_past,
        change=change.pk,
    )


def _record_check(load: _Load, *, at: datetime) -> None:
    """Write that the feed was read; what a server once called its content is no longer what is loaded."""
    FeedState.objects.update_or_create(
        name=load.name,
        defaults={
            "checked_at": at,
            "model_date": load.file.model_date,
            "version": load.file.version,
            "digest": load.file.digest,
            "row_count": load.file.row_count,
            "etag": "",
            "last_modified": "",
            "failures": 0,
            "failed_at": None,
            "error_code": "",
            "error": "",
        },
    )
