"""`python -m exceptions.sign --key KEY …`: makes and signs evidence for an exception, without server or database.

The evidence is about an exception (its number and the digest of its newest terms), about every artifact that its scope
names, or both; `--template HOOK` prints the claims that a hook asks for. Exit codes: 0 signed, 10 internal, 11 usage.
"""

import re
import sys
from argparse import Namespace
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

from exceptions.command_line import ExitCode, Parser, UsageRefused, answered, say, text_of
from exceptions.rules.hook_schemas import instants
from exceptions.rules.hooks import CLOCKS_DIFFER, HOOKS, HookKind, schema_mistakes
from exceptions.rules.reading import no_such
from stellapolicy.kernel import canonical_json, digest
from stellapolicy.kernel.canonical_json import JsonValue
from stellapolicy.kernel.clock import now
from stellapolicy.signing.errors import SigningKeyUnreadable
from stellapolicy.signing.private_keys import PrivateKey, read_private_key
from stellapolicy.trust import strict_json
from stellapolicy.trust.intoto import PAYLOAD_TYPE, Statement, Subject

PREDICATE_TYPES: Final = "https://stellapolicy.dev/attestations/exception-evidence"
_NUMBER = re.compile(r"EXC-\d{4}-\d{4,}", re.ASCII)
_JSON_FOLLOWS = ":"


def main(arguments: Sequence[str]) -> int:
    """Answer one call on the standard streams and return its exit code."""
    return answered(_answer, arguments)


def evidence_statement(hook: HookKind, subjects: Iterable[Subject], claims: Mapping[str, JsonValue]) -> Statement:
    """Return the statement to sign: that the claims of a hook hold of the subjects."""
    return Statement(tuple(subjects), f"{PREDICATE_TYPES}/{hook.value}/v1", claims)


def _answer(arguments: Sequence[str]) -> ExitCode:
    try:
        asked = _read(arguments)
        if asked.template:
            say(_template(asked.template))
            return ExitCode.DONE
        statement = _statement(asked, at=now())
        envelope = _key_of(asked.key).envelope(PAYLOAD_TYPE, _payload(statement))
    except UsageRefused as refusal:
        say(str(refusal).split("\n"), to=sys.stderr)
        return ExitCode.USAGE
    sys.stdout.write(f"{canonical_json.dumps(envelope.to_json()).decode()}\n")
    return ExitCode.DONE


def _read(arguments: Sequence[str]) -> Namespace:
    parser = Parser(prog="python -m exceptions.sign", description=__doc__, allow_abbrev=False)
    parser.add_argument("--key", metavar="KEY", default="", help="a private key in PEM, without a passphrase")
    parser.add_argument("--exception", metavar="NUMBER", default="", help="the exception it is about, EXC-2026-0010")
    parser.add_argument("--terms", metavar="DIGEST", default="", help="the digest of its newest terms, sha256:…")
    parser.add_argument(
        "--artifact",
        dest="artifacts",
        action="append",
        default=[],
        metavar="DIGEST",
        help="an artifact that its scope names, sha256:…; state every one of them",
    )
    parser.add_argument("--hook", metavar="HOOK", default="", help=", ".join(HookKind))
    parser.add_argument(
        "--claim",
        dest="claims",
        action="append",
        default=[],
        metavar="NAME=TEXT",
        help="what is claimed; NAME:=JSON for what is no text",
    )
    parser.add_argument("--template", metavar="HOOK", default="", help="print the claims that a hook asks for")
    return parser.parse_args(arguments)


def _statement(asked: Namespace, *, at: datetime) -> Statement:
    """Return what is to be signed, or refuse the call with every mistake in it."""
    mistakes: list[str] = []
    subjects = list(_subjects(asked, mistakes))
    if not asked.key:
        mistakes.append("--key: name the file of the private key")
    hook = _hook_of(asked.hook, "--hook", mistakes)
    claims = _claims(asked.claims, mistakes)
    if hook is not None:
        mistakes += _mistakes_in(claims, hook, at=at)
    if mistakes or hook is None:
        raise UsageRefused("\n".join(["nothing is signed:", *(f"  {one}" for one in mistakes)]))
    return evidence_statement(hook, subjects, claims)


def _subjects(asked: Namespace, mistakes: list[str]) -> Iterator[Subject]:
    """Yield what it is about; a number alone would say nothing of what was asked for under it."""
    if not (asked.exception or asked.terms or asked.artifacts):
        mistakes.append("--exception with --terms, or --artifact: say what it is about")
    if asked.exception or asked.terms:
        if not _NUMBER.fullmatch(asked.exception):
            mistakes.append(f"--exception: the number of an exception is EXC-2026-0010, this is {asked.exception!r}")
        yield Subject(asked.exception, _digests(asked.terms, "--terms", mistakes))
    for artifact in asked.artifacts:
        yield Subject(artifact, _digests(artifact, "--artifact", mistakes))


def _digests(stated: str, option: str, mistakes: list[str]) -> Mapping[str, str]:
    if not digest.is_digest(stated):
        mistakes.append(f"{option}: a digest is sha256: and 64 hexadecimal digits, this is {stated!r}")
    algorithm, _, value = stated.partition(":")
    return {algorithm: value}


def _hook_of(stated: str, option: str, mistakes: list[str]) -> HookKind | None:
    try:
        return HookKind(stated)
    except ValueError:
        mistakes.append(f"{option}: {no_such(stated, HookKind) if stated else 'name the hook it is for'}")
        return None


def _claims(stated: Iterable[str], mistakes: list[str]) -> dict[str, JsonValue]:
    claims: dict[str, JsonValue] = {}
    for one in stated:
        name, equals, text = one.partition("=")
        option = f"--claim {name}"
        if not equals or not name.strip(_JSON_FOLLOWS):
            mistakes.append(f"--claim: a claim is NAME=TEXT or NAME:=JSON, this is {one!r}")
            continue
        value: JsonValue = text
        if name.endswith(_JSON_FOLLOWS):
            name = name.removesuffix(_JSON_FOLLOWS)
            try:
                value = strict_json.loads(text.encode())
            except (strict_json.NotJson, UnicodeEncodeError) as failure:
                mistakes.append(f"{option}: no JSON that can be read: {failure}")
        if name in claims:
            mistakes.append(f"--claim {name}: it is claimed twice")
        claims[name] = value
    return claims


def _mistakes_in(claims: Mapping[str, JsonValue], hook: HookKind, *, at: datetime) -> Iterator[str]:
    """Yield what the hook itself would refuse."""
    for fault in schema_mistakes(HOOKS[hook], claims, pointer=""):
        yield f"--claim {fault.pointer.removeprefix('/')}: {fault.message}".replace("--claim :", f"{hook}:")
    for name, moment in instants(hook, claims):
        if moment - at > CLOCKS_DIFFER:
            yield f"--claim {name}: {claims[name]} is yet to come"


def _payload(statement: Statement) -> bytes:
    try:
        return statement.payload()
    except ValueError as failure:
        raise UsageRefused(f"nothing is signed: what is claimed has no canonical form: {failure}") from None


def _template(stated: str) -> Iterator[str]:
    mistakes: list[str] = []
    hook = _hook_of(stated, "--template", mistakes)
    if hook is None:
        raise UsageRefused("\n".join(mistakes))
    schema = HOOKS[hook].schema
    yield f"{hook}: {schema['title']}"
    for name, said in schema["properties"].items():
        yield f"  --claim {name}={_wanted(said)}"


def _wanted(said: Mapping[str, JsonValue]) -> str:
    match said:
        case {"enum": [*words]}:
            return "|".join(map(str, words))
        case {"format": "date-time"}:
            return "INSTANT    (RFC 3339 with its zone: 2026-03-02T12:00:00Z)"
        case {"type": ["object", "string"]}:
            return "TEXT    (or NAME:=JSON, an object)"
        case {"pattern": str(pattern)} if pattern != r"\S":
            return f"TEXT    (as {pattern})"
        case _:
            return "TEXT"


def _key_of(name: str) -> PrivateKey:
    try:
        return read_private_key(text_of(name))
    except SigningKeyUnreadable as refusal:
        raise UsageRefused(f"{name}: {refusal.detail}") from None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
