"""What an analysis of a vulnerability says, in the words of Dependency-Track and CycloneDX alike, as our reasons."""

from collections.abc import Sequence
from dataclasses import dataclass

from exceptions.rules.vocabulary import Reason

_NOTHING_DECIDED = {
    "": "nobody decided anything",
    "not_set": "nobody decided anything",
    "in_triage": "it is still looked into",
    "under_investigation": "it is still looked into",
    "exploitable": "it is known to be there, and nothing forgives it",
    "affected": "it is known to be there, and nothing forgives it",
    "resolved": "it is fixed, which needs no exception",
    "resolved_with_pedigree": "it is fixed, which needs no exception",
    "fixed": "it is fixed, which needs no exception",
}
_UNSAID = frozenset({"", "not_set"})
_RESOLVED = frozenset({"resolved", "resolved_with_pedigree", "fixed"})
_DISMISSALS = {
    "false_positive": (Reason.FALSE_POSITIVE, ""),
    "not_affected": (Reason.VENDOR_NOT_AFFECTED, "it says not affected, and not who found that out"),
}
_RESPONSES = {
    "will_not_fix": (Reason.ACCEPTED_RISK, ""),
    "can_not_fix": (Reason.ACCEPTED_RISK, ""),
    "update": (Reason.SCHEDULED_FIX, ""),
    "rollback": (Reason.SCHEDULED_FIX, ""),
    "workaround_available": (Reason.ACCEPTED_RISK, "a workaround is said to be there, and not that it is in place"),
}


@dataclass(frozen=True, slots=True)
class Decision:
    """A reason for an exception, `guessed` where it is not quite what was said."""

    reason: Reason
    guessed: str = ""


@dataclass(frozen=True, slots=True)
class Undecided:
    """Why an analysis is no reason for an exception."""

    why: str


def decision_of(state: str, *, responses: Sequence[str] = (), suppressed: bool = False) -> Decision | Undecided | None:
    """Return what an analysis decided; None for a state that is no word of these tools."""
    word = state.strip().lower()
    if word in _DISMISSALS:
        return Decision(*_DISMISSALS[word])
    if word not in _NOTHING_DECIDED:
        return None
    if word in _RESOLVED:
        return Undecided(_NOTHING_DECIDED[word])
    answers = [_RESPONSES[one.strip().lower()] for one in responses if one.strip().lower() in _RESPONSES]
    if answers:
        return Decision(*answers[0])
    if suppressed and word in _UNSAID:
        return Decision(Reason.ACCEPTED_RISK, "it is suppressed without a state that says why")
    contradicted = "it is suppressed, and its state says otherwise: " if suppressed else ""
    return Undecided(f"{contradicted}{_NOTHING_DECIDED[word]}")
