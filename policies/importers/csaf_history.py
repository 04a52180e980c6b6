"""What a CSAF document says of itself: category, language, versions and their history.

Source: CSAF 2.0, mandatory tests 6.1.12 to 6.1.22, 6.1.26, 6.1.28 and 6.1.30.
"""

import re
from dataclasses import dataclass
from datetime import datetime

from policies.importers.csaf_faults import Faults
from policies.importers.shape import ROOT, Place, Record, instant, name_text, record, records, refuse, required_name

_DOCUMENT: Place = (ROOT, "document")
_TRACKING: Place = (_DOCUMENT, "tracking")
_HISTORY: Place = (_TRACKING, "revision_history")
_INTEGER = re.compile(r"0|[1-9][0-9]*")
_SEMANTIC = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?")
_RELEASED = ("final", "interim")
_STATUSES = frozenset({"draft", *_RELEASED})
# Categories with a profile of their own; another spelling of one would look like it without keeping its promises.
_PROFILES = frozenset(
    {
        "csaf_base",
        "csaf_security_incident_response",
        "csaf_informational_advisory",
        "csaf_security_advisory",
        "csaf_vex",
    }
)
_PROFILE_WORDS = frozenset(
    {"securityincidentresponse", "informationaladvisory", "securityadvisory", "vex", *(p[5:] for p in _PROFILES)}
)
_TAG = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")
# ISO 639-1; longer primary subtags are taken as they come.
_LANGUAGES = (
    "aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de "
    "dv dz ee el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id "
    "ie ig ii ik io is it iu ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu "
    "lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu "
    "rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq sr ss st su sv sw ta te tg th ti tk tl tn to tr "
    "ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu "
)

Version = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Revision:
    date: datetime
    number: str
    place: Place

    @property
    def version(self) -> Version:
        return _version(self.number)


def read_history(document: Record, faults: Faults) -> None:
    """Report what is wrong with the category, the languages and the history of a document."""
    about = record(document, "document", ROOT)
    _category(about, faults)
    _languages(about, faults)
    tracking = record(about, "tracking", _DOCUMENT)
    status = required_name(tracking, "status", _TRACKING)
    if status not in _STATUSES:
        raise refuse((_TRACKING, "status"), f"{status!r} is not a status of a CSAF document")
    version = _checked(required_name(tracking, "version", _TRACKING), (_TRACKING, "version"))
    revisions = [_revision(row, place) for row, place in records(tracking, "revision_history", _TRACKING)]
    if not revisions:
        raise refuse(_HISTORY, "a CSAF document tells its history")
    _order(revisions, faults)
    _latest(revisions, version, status, faults)
    _released(revisions, version, status, faults)
    _kinds_of_version(revisions, version, faults)


def _category(about: Record, faults: Faults) -> None:
    category = required_name(about, "category", _DOCUMENT)
    bare = re.sub(r"[-_\s]", "", category.lower())
    alike = bare in _PROFILE_WORDS or bare.removeprefix("csaf") in _PROFILE_WORDS
    if category not in _PROFILES and (alike or category.lower().startswith("csaf_")):
        faults.add((_DOCUMENT, "category"), "6.1.26", f"{category!r} resembles a category that has its own rules")


def _languages(about: Record, faults: Faults) -> None:
    language, source = (name_text(about, name, _DOCUMENT) for name in ("lang", "source_lang"))
    for name, tag in (("lang", language), ("source_lang", source)):
        primary = tag.partition("-")[0].lower()
        known = len(primary) > len("en") or f"{primary} " in _LANGUAGES
        if tag and not (_TAG.fullmatch(tag) and known):
            faults.add((_DOCUMENT, name), "6.1.12", f"{tag[:40]!r} is not a language tag")
    if language and language == source:
        faults.add((_DOCUMENT, "source_lang"), "6.1.28", "the document is translated from its own language")


def _revision(row: Record, place: Place) -> _Revision:
    moment = instant(row, "date", place)
    if moment is None:
        raise refuse((place, "date"), "is missing or empty")
    return _Revision(moment, _checked(required_name(row, "number", place), (place, "number")), place)


def _checked(number: str, place: Place) -> str:
    if _INTEGER.fullmatch(number) or _SEMANTIC.fullmatch(number):
        return number
    raise refuse(place, f"{number[:60]!r} is neither a whole number nor a semantic version")


def _version(number: str) -> Version:
    """Return a version as a value to sort by; one before its release sorts below it."""
    semantic = _SEMANTIC.fullmatch(number)
    if semantic is None:
        return (int(number),)
    return (int(semantic[1]), int(semantic[2]), int(semantic[3]), 0 if semantic[4] else 1)


def _order(revisions: list[_Revision], faults: Faults) -> None:
    kinds = {len(revision.version) for revision in revisions}
    numbers: set[str] = set()
    for revision in revisions:
        if revision.number in numbers:
            faults.add((revision.place, "number"), "6.1.22", f"revision {revision.number} is told twice")
        numbers.add(revision.number)
    if len(kinds) > 1:
        return
    by_date = sorted(revisions, key=lambda revision: (revision.date, revision.version))
    if [one.version for one in by_date] != sorted(one.version for one in revisions):
        faults.add(_HISTORY, "6.1.14", "sorted by date, the revisions are not in the order of their numbers")


def _latest(revisions: list[_Revision], version: str, status: str, faults: Faults) -> None:
    last = max(revisions, key=lambda revision: (revision.date, revision.version))
    stated, told = version, last.number
    if status == "draft":
        stated, told = (one.partition("+")[0].partition("-")[0] for one in (version, last.number))
    if stated.partition("+")[0] != told.partition("+")[0]:
        faults.add((_TRACKING, "version"), "6.1.16", f"the last revision is {last.number}, the document says {version}")


def _released(revisions: list[_Revision], version: str, status: str, faults: Faults) -> None:
    if status not in _RELEASED:
        return
    if _is_draft(version):
        faults.add((_TRACKING, "version"), "6.1.20", f"a {status} document has the version of a draft, {version}")
    for revision in revisions:
        if _version(revision.number)[0] == 0:
            faults.add(
                (revision.place, "number"), "6.1.18", f"a {status} document tells of the draft {revision.number}"
            )


def _is_draft(version: str) -> bool:
    semantic = _SEMANTIC.fullmatch(version)
    return _version(version)[0] == 0 or bool(semantic and semantic[4])


def _kinds_of_version(revisions: list[_Revision], version: str, faults: Faults) -> None:
    kinds = {len(_version(number)) for number in (version, *(revision.number for revision in revisions))}
    if len(kinds) > 1:
        faults.add(_TRACKING, "6.1.30", "whole numbers and semantic versions are mixed")
