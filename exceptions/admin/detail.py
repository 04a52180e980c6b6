"""Everything the one page of an exception shows, in the order it is read."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from exceptions import ports
from exceptions.admin import facts, wording
from exceptions.admin.acts import look
from exceptions.admin.deliberation import conversation, lacking, sent_back, sign_command
from exceptions.admin.evidence import kinds_of_lines
from exceptions.admin.reading import readable
from exceptions.models import (
    ExceptionApplication,
    ExceptionAttestation,
    ExceptionEvent,
    ExceptionTerms,
    PolicyException,
)
from exceptions.models.terms import Change
from exceptions.ports import Coverage, CoveredFinding
from exceptions.rules.hooks import HOOKS
from exceptions.rules.vocabulary import IN_FORCE, UNDECIDED, Effect, ExceptionType, Kind, Level, State
from exceptions.selectors import level_rule, levels, standing_form
from exceptions.selectors.asked_already import asked_already
from exceptions.selectors.offers import Act, Situation, obstacle_to, possible
from exceptions.selectors.overlaps import Overlaps, overlaps_of
from exceptions.selectors.seating import seats_of
from exceptions.services.hooks import evidence_report, signed_evidence_is_missing
from exceptions.services.story import RECORDED
from stellapolicy.admin import cells
from stellapolicy.governance.quorum import Outcome, QuorumState
from stellapolicy.kernel.clock import now
from stellapolicy.trust.keys import trusted_keys

FINDINGS: Final = 50
APPLICATIONS: Final = 20
MOST_COUNTED: Final = 10_000
EVENTS: Final = 100
# The preview decides every artifact again: with so few it is shown with the page.
SMALL: Final = 25
# What was said that waits for an answer of whoever asked.
_ASKING: Final = frozenset({"question", "changes_requested"})
_COME_TO_NOTHING: Final = {
    "exception.terms_rejected": gettext_lazy("rejected"),
    "exception.terms_withdrawn": gettext_lazy("withdrawn"),
}
_ENDS: Final = (State.REJECTED, State.WITHDRAWN, State.SUPERSEDED, State.REVOKED, State.EXPIRED)
_TONES: Final = {
    State.PROPOSED: "notice",
    State.CHANGES_REQUESTED: "warn",
    State.APPROVED: "notice",
    State.ACTIVE: "pass",
    State.REVALIDATION_REQUIRED: "warn",
}


@dataclass(frozen=True, slots=True)
class FindingLine:
    """One covered finding, with what the exception last made of it."""

    found: CoveredFinding
    applied: ExceptionApplication | None


@dataclass(frozen=True, slots=True)
class Difference:
    """What new terms change: a part of them, as it holds and as it would."""

    part: str
    before: tuple[str, ...]
    after: tuple[str, ...]


def context_of(request: HttpRequest, row: PolicyException) -> dict[str, Any]:
    """Return what the page shows; a number of reads that does not grow with what there is."""
    at = now()
    seen = look(request, row, at=at)
    terms, state = row.terms or row.asked, seen.state
    if terms is None:
        raise ValueError(f"{row.number} has no terms")
    pending = row.asked if row.has_pending_terms() else None
    is_over = state in _ENDS
    coverage = Coverage() if is_over else ports.covered(terms.selector(), type=ExceptionType(row.type), at=at)
    # INVARIANT: whoever decides sees the facts, the level and the evidence of exactly what they vote on.
    judged = pending or terms
    facing = coverage
    if not is_over and judged.scope_digest != terms.scope_digest:
        facing = ports.covered(judged.selector(), type=ExceptionType(row.type), at=at)
    shown = {
        "title": f"{row.number}: {wording.about(row)}",
        "at": at,
        "state": state.value,
        "tone": _tone(row, state),
        "is_over": is_over,
        "is_undecided": state in UNDECIDED,
        "terms": terms,
        "pending": pending,
        "changes": differences(terms, pending) if pending is not None else [],
        "coverage": coverage,
        "findings": _findings(row, coverage.findings[:FINDINGS]),
        "judged": judged,
        "facts": facts.beside(judged.seen_facts(), judged.seen_facts() if is_over else facing.seen),
        "asked_already": _asked_already(request, row, terms) if state in UNDECIDED else [],
        "overlaps": Overlaps() if is_over else _overlaps(request, row, terms, at=at),
        "acts": _acts(row, seen),
        "obstacle": obstacle_to(Act.APPROVE, seen) if seen.is_waiting else "",
        "hook_kinds": [(hook.kind.value, hook.title) for hook in HOOKS.values()],
        "permalink": request.build_absolute_uri(reverse("admin:exceptions_policyexception_change", args=[row.number])),
    }
    return {**shown, **_words(row, terms, state, at=at), **_decision(seen), **_story(seen, row, judged, at=at)}


def _tone(row: PolicyException, state: State) -> str:
    """Return how the head of the page looks: what holds a release back looks like a block."""
    return "block" if row.blocks and state is State.REVALIDATION_REQUIRED else _TONES.get(state, "quiet")


def differences(held: ExceptionTerms, asked: ExceptionTerms) -> list[Difference]:
    """Return every part of terms in which they differ, in words."""
    pairs = zip(_parts(held), _parts(asked), strict=True)
    return [Difference(part, before, after) for (part, before), (_, after) in pairs if before != after]


def _words(row: PolicyException, terms: ExceptionTerms, state: State, *, at: datetime) -> dict[str, Any]:
    grace = row.grace_until
    return {
        "about": wording.about(row),
        "state_words": wording.STATES[state],
        "effect_words": wording.ENDED.get(state) or wording.EFFECTS[Effect(terms.effect)],
        "kind_words": wording.KINDS[Kind(row.kind)],
        "scope_words": terms.selector().in_words(),
        "policy": wording.policy(terms.recheck_policy()),
        "applies": row.applies(at=at),
        "left": cells.left(row.expires_at, at=at),
        "grace_left": cells.left(grace, at=at) if grace is not None else "",
        "narrowed_by": terms.person if terms.change == Change.NARROWED else "",
        "is_in_grace": grace is not None and grace > at,
        "preview_is_small": row.artifact_count <= SMALL,
        "asks_if_needed": row.owner_asked_at is not None,
    }


def _decision(seen: Situation) -> dict[str, Any]:
    """Return how the decision about the newest terms stands."""
    if seen.request is None:
        return {"waiting": None}
    judged = seen.request.judged(at=seen.who.at)
    seats = seats_of(judged.rule, judged)
    return {
        "waiting": seen.request if seen.is_waiting else None,
        "missing": list(lacking(seen.row, seen.row.asked, at=seen.who.at))
        if seen.is_waiting and seen.row.asked
        else [],
        "approval": seen.request,
        "stands": _stands(judged),
        "seats": seats,
        "has_open_seats": seen.is_waiting and any(not seat.filled_by for seat in seats),
        "needed": judged.rule.count,
        "votes": list(seen.request.votes.all()),
    }


def _stands(judged: QuorumState) -> str:
    """Return how the votes stand; which seats wait the table of seats says."""
    if judged.outcome is not Outcome.WAITING:
        return judged.in_words()
    said = ngettext("%(n)d person must still agree", "%(n)d people must still agree", judged.lacking)
    return said % {"n": judged.lacking}


def _story(seen: Situation, row: PolicyException, terms: ExceptionTerms, *, at: datetime) -> dict[str, Any]:
    """Return what was said, shown and done."""
    applications = row.applications.all()
    events = list(row.events.order_by("-sequence")[:EVENTS])
    thread = conversation(row)
    is_asked = row.owner_asked_at is not None or any(line.kind in _ASKING for line in thread)
    return {
        "thread": thread,
        "line_kinds": kinds_of_lines(seen, is_asked=is_asked),
        "sent_back": sent_back(row) if row.state in UNDECIDED else [],
        "sign_command": sign_command(row, terms),
        "trusted": sorted(trusted_keys()),
        "hooks": evidence_report(row, terms, at=at),
        "needs_signature": level_rule(Level(terms.level), levels()).needs_signed_evidence,
        "lacks_signature": signed_evidence_is_missing(row, at=at),
        "attachments": list(row.evidence.all()),
        "events": [(event, RECORDED.get(event.name, event.name)) for event in events],
        "applications": list(applications[:APPLICATIONS]),
        "applied": applications[: MOST_COUNTED + 1].count(),
        "versions": [(one, _fell(row, one, events, at=at)) for one in row.versions.defer("seen")[:20]],
        "verify_command": f".venv/bin/python -m exceptions.verify {row.number}.dsse.json --key public.pem",
        "attestation": ExceptionAttestation.objects.filter(terms=row.terms_id).first() if row.terms_id else None,
    }


def _fell(row: PolicyException, version: ExceptionTerms, events: Iterable[ExceptionEvent], *, at: datetime) -> str:
    """Return what became of terms that were proposed in the place of those in force and never agreed to."""
    if row.terms is None or version.version <= row.terms.version or version.pk == row.asked_id:
        return ""
    refused = {event.name for event in events if event.at >= version.at} & _COME_TO_NOTHING.keys()
    if refused:
        return str(_COME_TO_NOTHING[min(refused)])
    if row.standing(at=at) is State.REVOKED:
        return _("fell with the revocation")
    return _("fell with its end") if row.standing(at=at) is State.EXPIRED else _("replaced")


def _acts(row: PolicyException, seen: Situation) -> Mapping[str, str]:
    """Return the addresses of everything this person may do now."""
    return {act.value: reverse(f"admin:exceptions_policyexception_{act}", args=[row.pk]) for act in possible(seen)}


def _overlaps(request: HttpRequest, row: PolicyException, terms: ExceptionTerms, *, at: datetime) -> Overlaps:
    among = readable(PolicyException.objects.all(), request)
    return overlaps_of(standing_form(row, terms), among=among, at=at)


def _asked_already(request: HttpRequest, row: PolicyException, terms: ExceptionTerms) -> list[PolicyException]:
    among = readable(PolicyException.objects.exclude(pk=row.pk), request)
    return asked_already(terms.selector(), type=ExceptionType(row.type), among=among)


def _findings(row: PolicyException, found: Sequence[CoveredFinding]) -> list[FindingLine]:
    """Return covered findings with the last application of each."""
    if row.state not in IN_FORCE or not found:
        return [FindingLine(one, None) for one in found]
    rows = row.applications.filter(finding__in=[one.key for one in found])
    newest = rows.order_by("artifact_digest", "finding", "-at", "-id").distinct("artifact_digest", "finding")
    applied = {(one.artifact_digest, one.finding): one for one in newest}
    return [FindingLine(one, applied.get((one.artifact.digest, one.key))) for one in found]


def _parts(terms: ExceptionTerms) -> Iterable[tuple[str, tuple[str, ...]]]:
    policy = wording.policy(terms.recheck_policy())
    return (
        ("scope", terms.selector().in_words()),
        ("effect", (cells.spoken(terms.effect),)),
        ("starts_at", (f"{terms.starts_at:%Y-%m-%d %H:%M} UTC",)),
        ("expires_at", (f"{terms.expires_at:%Y-%m-%d %H:%M} UTC",)),
        ("level", (terms.level.upper(),)),
        ("rationale", (terms.rationale,)),
        ("controls", tuple(terms.controls)),
        ("recheck", tuple(f"{when}: {then}" for when, then, _word in policy)),
    )
