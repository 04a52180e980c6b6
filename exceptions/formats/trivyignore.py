"""Trivy's `.trivyignore`: one id a line, perhaps the day it ends, and comments.

Source: Trivy, filtering by finding ids. `exp:2027-01-31` ends as that day begins in UTC.
"""

import re
from typing import Final

from exceptions.formats import trivyignore_yaml
from exceptions.formats.drafts import Draft, Drafting, vulnerabilities
from exceptions.formats.identifiers import NO_REASON, is_vulnerability
from exceptions.formats.nodes import LONGEST_NAME, moment_of
from exceptions.formats.values import Defaults, LossKind, ReadFile
from exceptions.rules.vocabulary import ExceptionType, Reason

FORMAT: Final = "trivyignore"
TITLE: Final = ".trivyignore"
_EXPIRY = "exp:"
_IDENTIFIER = re.compile(r"[A-Za-z0-9][\w.:+\-/]*")
_MERE_WORD = re.compile(r"[A-Za-z]+")


def looks_like(text: str) -> bool:
    """Whether every line is an id, or a comment, and there is one id at least."""
    words = [line.split()[0] for line in text.splitlines() if line.strip() and not line.strip().startswith("#")]
    return bool(words) and all(_IDENTIFIER.fullmatch(word) and not word.endswith(":") for word in words)


def read(text: str, *, filename: str, defaults: Defaults) -> ReadFile:
    """Return the drafts of a `.trivyignore`; the comment above an id is its reason."""
    drafting = Drafting(FORMAT, TITLE, filename, defaults)
    comment: list[str] = []
    was_id = False
    for number, line in enumerate(text.splitlines(), start=1):
        stated = line.strip()
        if not stated:
            comment, was_id = [], False
        elif stated.startswith("#"):
            comment = [*([] if was_id else comment), stated.lstrip("#").strip()]
            was_id = False
        else:
            _line(drafting, stated, place=f"line {number}", comment=" ".join(comment).strip(), is_shared=was_id)
            was_id = True
    return drafting.done()


def _line(drafting: Drafting, stated: str, *, place: str, comment: str, is_shared: bool) -> None:
    bare, _, trailing = stated.partition(" #")
    identifier, *words = bare.split()
    if len(identifier) > LONGEST_NAME:
        drafting.reader.fault(place, "too_long", f"an id has at most {LONGEST_NAME} characters")
        return
    if _MERE_WORD.fullmatch(identifier):
        message = f"{identifier[:40]!r} is a word and no id; a licence is named in a {trivyignore_yaml.TITLE}"
        drafting.reader.fault(place, "identifier", message)
        return
    is_known = is_vulnerability(identifier)
    draft = Draft(
        place=place,
        title=identifier,
        type=ExceptionType.VULNERABILITY if is_known else ExceptionType.POLICY,
        reason=Reason.ACCEPTED_RISK,
        guessed=NO_REASON,
        scope=vulnerabilities(identifier),
        said=(trailing.strip() or comment)[:LONGEST_NAME],
    )
    for word in words:
        if word.startswith(_EXPIRY):
            draft.ends_at = moment_of(word.removeprefix(_EXPIRY))
            if draft.ends_at is None:
                drafting.reader.fault(place, "instant", f"{word[:40]!r} is no day such as exp:2027-01-31")
        else:
            draft.drop("line", f"{word[:60]!r} means nothing to Trivy either")
    if comment and is_shared and not trailing.strip():
        above = "the comment stands above another id and was taken for this one as well"
        draft.lose(LossKind.GUESSED, "comment", above)
    drafting.add(draft)
