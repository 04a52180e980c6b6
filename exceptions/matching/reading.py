"""Reading the values of a scope as a client wrote them: one spelling for each, and every mistake at its place."""

import re
from collections.abc import Callable, Mapping
from typing import Final, TypeVar

from exceptions.matching.patterns import PackageScope, check_versions, read_pattern
from stellapolicy.kernel import digest
from stellapolicy.kernel.canonical_json import JsonValue
from stellapolicy.kernel.identity import canonical_id
from stellapolicy.kernel.pointers import below
from stellapolicy.kernel.refusals import Fault

MOST_VALUES: Final = 200
LONGEST_VALUE: Final = 500
_SLUG = re.compile(r"[A-Za-z0-9_-]+")
_CVE = re.compile(r"CVE-\d{4}-\d{4,}", re.IGNORECASE)
_STARS = re.compile(r"\*{2,}")
_PACKAGE_FIELDS = frozenset({"pattern", "versions"})

_Value = TypeVar("_Value")


class MisreadError(ValueError):
    """What is wrong with one value: a code, a sentence, and the steps below the value where it is."""

    def __init__(self, code: str, sentence: str, *steps: str) -> None:
        super().__init__(sentence)
        self.code = code
        self.steps = steps


class ScopeReader:
    """Reads one dimension after the other; `misread` are those with a fault."""

    def __init__(self, stated: Mapping[str, JsonValue], *, pointer: str, faults: list[Fault]) -> None:
        self._stated = stated
        self._pointer = pointer
        self._faults = faults
        self.misread: set[str] = set()

    def values(self, dimension: str, read: Callable[[JsonValue], _Value]) -> tuple[_Value, ...]:
        """Return the values of a list that could be read."""
        stated = self._stated.get(dimension, [])
        if not isinstance(stated, list):
            self._fault(MisreadError("type", "a list is expected here"), dimension)
            return ()
        self._count(dimension, len(stated))
        found = [self._value(read, one, dimension, place) for place, one in enumerate(stated[:MOST_VALUES])]
        return tuple(one for one in found if one is not None)

    def labels(self, dimension: str) -> tuple[tuple[str, str], ...]:
        """Return the labels of an object that could be read."""
        stated = self._stated.get(dimension, {})
        if not isinstance(stated, Mapping):
            self._fault(MisreadError("type", 'an object such as {"team": "shop"} is expected here'), dimension)
            return ()
        self._count(dimension, len(stated))
        pairs = sorted(stated.items())[:MOST_VALUES]
        found = [self._value(label, pair, dimension, pair[0]) for pair in pairs]
        return tuple(one for one in found if one is not None)

    def _value(
        self, read: Callable[[JsonValue], _Value], stated: JsonValue, dimension: str, place: str | int
    ) -> _Value | None:
        try:
            return read(stated)
        except MisreadError as mistake:
            self._fault(mistake, dimension, place)
            return None

    def _count(self, dimension: str, count: int) -> None:
        if count > MOST_VALUES:
            sentence = f"at most {MOST_VALUES} values are taken, these are {count}"
            self._fault(MisreadError("too_many", sentence), dimension)

    def _fault(self, mistake: MisreadError, dimension: str, *steps: str | int) -> None:
        self.misread.add(dimension)
        place = self._pointer
        for step in (dimension, *steps, *mistake.steps):
            place = below(place, step)
        self._faults.append(Fault(place, f"scope.{mistake.code}", str(mistake)))


def vulnerability(stated: JsonValue) -> str:
    """Return an id in its one spelling; it is always a whole one."""
    text = _text(stated)
    if "*" in text:
        raise MisreadError("vulnerability", f"{text!r} is a pattern; each vulnerability is named by its whole id")
    if text.upper().startswith("CVE-") and not _CVE.fullmatch(text):
        raise MisreadError("vulnerability", f"{text[:80]!r} is no CVE; one looks like CVE-2021-44228")
    return canonical_id(text)


def package(stated: JsonValue) -> PackageScope:
    """Return a package scope from its pattern, or from an object of pattern and versions."""
    if not isinstance(stated, Mapping):
        return _package(_text(stated), "")
    if not set(stated) <= _PACKAGE_FIELDS or "pattern" not in stated:
        raise MisreadError("package", 'a package is {"pattern": …, "versions": …} and nothing else')
    versions = stated.get("versions", "")
    return _package(_text(stated["pattern"], "pattern"), _text(versions, "versions") if versions != "" else "")


def artifact_digest(stated: JsonValue) -> str:
    """Return the digest of an artifact."""
    text = _text(stated)
    if not digest.is_digest(text):
        raise MisreadError("digest", f"{text[:80]!r} is not sha256: and 64 lower-case hexadecimal digits")
    return text


def pattern(stated: JsonValue) -> str:
    """Return a glob, each run of stars as one; it has to name something."""
    text = _STARS.sub("*", _text(stated))
    if not any(map(str.isalnum, text)):
        raise MisreadError("pattern", f"{text!r} names nothing; leave it out where everything is meant")
    return text


def slug(stated: JsonValue) -> str:
    """Return the slug of a service or an environment; it is always a whole one."""
    text = _text(stated)
    if not _SLUG.fullmatch(text):
        raise MisreadError("slug", f"{text[:80]!r} is not a slug: letters, digits, hyphens and underscores")
    return text


def label(stated: JsonValue) -> tuple[str, str]:
    """Return a label from its name and value; the value may be empty, and its blanks are its own."""
    match stated:
        case (str(name), str(value)) if name.strip() and name.isprintable() and value.isprintable():
            if max(len(name), len(value)) <= LONGEST_VALUE:
                return name, value
            raise MisreadError("too_long", f"at most {LONGEST_VALUE} characters are taken")
        case _:
            raise MisreadError("label", "a label has a name and a text as its value")


def _package(text: str, versions: str) -> PackageScope:
    try:
        found = read_pattern(text)
    except ValueError as mistake:
        raise MisreadError("package", str(mistake)) from mistake
    try:
        check_versions(found, versions)
    except ValueError as mistake:
        raise MisreadError("versions", str(mistake), "versions") from mistake
    return PackageScope(found.text, versions)


def _text(stated: JsonValue, *steps: str) -> str:
    if not isinstance(stated, str):
        raise MisreadError("type", "a text is expected here", *steps)
    text = stated.strip()
    if not text or not text.isprintable():
        raise MisreadError("text", "a text of at least one character, all of them printable, is expected here", *steps)
    if len(text) > LONGEST_VALUE:
        raise MisreadError("too_long", f"at most {LONGEST_VALUE} characters are taken, these are {len(text)}", *steps)
    return text
