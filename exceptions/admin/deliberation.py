"""What stands between a request and its taking effect besides people, and what was asked of whoever asked."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.utils.translation import gettext as _

from exceptions.models import ExceptionTerms, PolicyException
from exceptions.rules.hooks import HOOKS, HookKind, HookState, mandatory_hooks
from exceptions.rules.vocabulary import Level, Reason
from exceptions.selectors import level_rule, levels
from exceptions.services.hooks import evidence_report, signed_evidence_is_missing

_SENT_BACK: Final = "exception.changes_requested"
_WORDS: Final = {_SENT_BACK: "changes_requested", "exception.resubmitted": "answer"}


@dataclass(frozen=True, slots=True)
class Line:
    """Something that somebody said: in the thread, or as they sent a request back or submitted it again."""

    person: str
    kind: str
    text: str
    at: datetime


def lacking(row: PolicyException, terms: ExceptionTerms, *, at: datetime) -> Iterator[str]:
    """Give everything that terms still have to show before the last vote counts."""
    rule = level_rule(Level(terms.level), levels())
    for report in evidence_report(row, terms, at=at):
        if report.mandatory and report.state is not HookState.MET:
            yield f"{report.name}: {report.why}"
    if rule.needs_signed_evidence and signed_evidence_is_missing(row, at=at):
        yield _("evidence with a signature that verifies, by a key that is trusted here")
    if rule.needs_ticket and not str(terms.counts.get("ticket", row.ticket)).strip():
        yield _("a ticket")


def sign_command(row: PolicyException, terms: ExceptionTerms) -> str:
    """Return the command that signs evidence about the newest terms, for what the level asks for first."""
    groups = mandatory_hooks(Reason(row.reason), level_rule(Level(terms.level), levels()))
    hook = HOOKS[groups[0][0] if groups else HookKind.SECURITY_REVIEW]
    claims = " ".join(f"--claim {name}=…" for name in hook.schema["required"])
    about = f"--exception {row.number} --terms {terms.digest}"
    return f".venv/bin/python -m exceptions.sign --key private.pem {about} --hook {hook.kind} {claims} > evidence.json"


def conversation(row: PolicyException) -> list[Line]:
    """Return what was said about an exception, in its order; two reads."""
    said = [Line(one.person, one.kind, one.text, one.at) for one in row.thread.all()]
    return sorted([*said, *_sendings(row)], key=lambda line: line.at)


def sent_back(row: PolicyException) -> list[Line]:
    """Return why the request was last sent back, and what was answered as it was submitted again."""
    found = _sendings(row)
    last = max((place for place, line in enumerate(found) if line.kind == _WORDS[_SENT_BACK]), default=len(found))
    return found[last:]


def _sendings(row: PolicyException) -> list[Line]:
    events = row.events.filter(name__in=_WORDS).order_by("sequence")
    return [Line(one.person, _WORDS[one.name], one.reason, one.at) for one in events]
