"""How values look on every page: instants in the reader's zone, digests short, words of the domain as badges."""

import re
from datetime import UTC, date, datetime, timedelta
from urllib.parse import quote

from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from stellapolicy.kernel.clock import rfc3339
from stellapolicy.kernel.identity import is_cve

NOTHING = mark_safe('<span class="st-nothing" aria-hidden="true">–</span>')  # noqa: RUF001 - a constant
_DIGITS_SHOWN = 12
_DAY, _HOUR = timedelta(days=1), timedelta(hours=1)
# A word of the wire inside a sentence, never a part of somebody's name.
_WORD = re.compile(r"(?<![\w:./@-])[a-z]+(?:_[a-z]+)+(?![\w:/@-])")
_NAMED = re.compile(r"(?<![\w:./@-])user:(?=\w)")
_TWICE = re.compile(r"\b([a-z]+(?: [a-z]+)*) \(\1\)")
_INSTANT = re.compile(r"\b(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2}):\d{2}(?:\.\d+)?Z")

_TONES = {
    "bad": {
        *("block", "blocked", "dead_letter", "revoked", "critical", "subject_mismatch", "unreadable", "failed"),
        *("rejected", "missing", "bad", "bad_signature", "revoke"),
    },
    "careful": {
        *("warn", "warned", "deferred", "escalated", "requires_vex", "partial", "unscanned", "expired", "high"),
        *("not_configured", "cancelled", "would_block", "unknown", "changes_requested", "revalidation_required"),
        *("stale", "low_trust", "schema", "question", "require_reapproval"),
    },
    "good": {
        *("pass", "active", "succeeded", "complete", "accepted", "live", "fresh", "enforce", "true"),
        *("met", "verified", "answer"),
    },
    "notice": {
        *("matched", "pass_with_note", "guarded_pass", "leased", "running", "queued", "submitted", "approved"),
        *("medium", "proposed"),
    },
}
_TONE_OF = {word: tone for tone, words in _TONES.items() for word in words}


def instant(moment: datetime | None) -> SafeString:
    """Return an instant as a `<time>`: UTC in the page and on hover, the reader's zone once the page's script ran."""
    if moment is None:
        return NOTHING
    utc = moment.astimezone(UTC)
    text = date_format(localtime(utc, UTC), "Y-m-d H:i")
    return format_html(
        '<time class="st-time" datetime="{}" title="{} UTC">{} UTC</time>',
        rfc3339(utc.replace(microsecond=0)),
        date_format(localtime(utc, UTC), "Y-m-d H:i:s"),
        text,
    )


def day(moment: date | None) -> SafeString:
    """Return a day."""
    return NOTHING if moment is None else format_html('<span class="st-day">{}</span>', moment.isoformat())


def digest(text: str) -> SafeString:
    """Return a digest by its first digits, whole on hover and to a copying button."""
    if not text:
        return NOTHING
    return format_html('<code class="st-digest" title="{}">{}</code>', text, short(text))


def short(text: str) -> str:
    """Return the beginning of a digest, its algorithm kept: `sha256:0a1b2c3d4e5f…`."""
    head, colon, rest = text.rpartition(":")
    return f"{head}{colon}{rest[:_DIGITS_SHOWN]}…" if len(rest) > _DIGITS_SHOWN else text


def badge(word: str, text: str = "") -> SafeString:
    """Return a word of the domain as a badge in its tone; `text` is what is read where it differs."""
    tone = _TONE_OF.get(word, "quiet")
    return format_html('<span class="st-badge st-badge--{}">{}</span>', tone, text or spoken(word))


def severity(word: str) -> SafeString:
    """Return a severity as a badge of its own scale."""
    return format_html('<span class="st-badge st-severity--{}">{}</span>', word, spoken(word))


def source(identifier: str, address: object = "") -> str:
    """Return where to read about a vulnerability: the report's own address, else its registry's; empty if unknown.

    INVARIANT: only http and https, whatever a report says: an address is never a script.
    """
    if isinstance(address, str) and address.lower().startswith(("https://", "http://")):
        return address
    if is_cve(identifier):
        return f"https://www.cve.org/CVERecord?id={quote(identifier.upper())}"
    return f"https://github.com/advisories/{quote(identifier)}" if identifier.startswith("GHSA-") else ""


def spoken(word: str) -> str:
    """Return a word of the wire as it is read: `pass_with_note` becomes "pass with note"."""
    return _(word.replace("_", " "))


def plain(sentence: str) -> str:
    """Return a sentence of the domain as people say it: names alone, roles as words, nothing twice.

    `release_captain (release_captain)` becomes "release captain", and `user:sam has spoken` "sam has spoken".
    """
    words = _WORD.sub(lambda found: spoken(found[0]), sentence)
    return _TWICE.sub(r"\1", _NAMED.sub("", words))


def written(value: object) -> str:
    """Return a value as a reader of policies writes it; None is what nobody knows."""
    match value:
        case None:
            text = "unknown"
        case bool():
            text = "true" if value else "false"
        case float():
            text = f"{value:.5f}".rstrip("0").rstrip(".")
        case datetime():
            text = rfc3339(value)
        case list() | tuple():
            text = "[" + ", ".join(map(written, value)) + "]"
        case dict():
            text = "{" + ", ".join(f"{name}: {written(inner)}" for name, inner in value.items()) + "}"
        case _:
            text = str(value)
    return text


def left(until: datetime, *, at: datetime) -> str:
    """Return how long it is until an instant, or since."""
    if until > at:
        return _("%(span)s left") % {"span": span(until - at)}
    return _("%(span)s ago") % {"span": span(at - until)}


def span(length: timedelta) -> str:
    """Return a length of time in its largest whole unit: days, hours or minutes."""
    if length >= _DAY:
        return ngettext("%(n)d day", "%(n)d days", length.days) % {"n": length.days}
    hours = int(length / _HOUR)
    if hours:
        return ngettext("%(n)d hour", "%(n)d hours", hours) % {"n": hours}
    minutes = max(int(length.total_seconds() // 60), 1)
    return ngettext("%(n)d minute", "%(n)d minutes", minutes) % {"n": minutes}


def readable(text: str) -> str:
    """Return a sentence whose instants a person can read: `2026-12-18 00:00 UTC`."""
    return _INSTANT.sub(r"\1 \2 UTC", text)
