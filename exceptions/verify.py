"""`python -m exceptions.verify ENVELOPE --key KEY`: says what a signed approval approves, without server or database.

An approval is judged now, or at the instant of `--at`; of a signed export (OpenVEX, CSAF, CycloneDX, NDJSON) it says
which bytes the key signed. Exit codes: 0 verified, 10 internal, 11 usage, 21 other terms than approved, 22 not signed
by the key as an approval or as an export, 23 approved and over by then, or not yet begun.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from exceptions.command_line import ExitCode, Parser, UsageRefused, answered, bytes_of, json_of, say, text_of
from exceptions.formats.media_types import DOCUMENTS
from exceptions.formats.nodes import moment_of
from exceptions.rules.attestation import (
    Approval,
    Approver,
    Decided,
    NotAnApproval,
    TermsDiffer,
    read_approval,
    require_terms,
)
from stellapolicy.kernel import digest
from stellapolicy.kernel.canonical_json import JsonValue
from stellapolicy.kernel.clock import now, rfc3339
from stellapolicy.kernel.refusals import Refusal
from stellapolicy.trust.dsse import Envelope, read_envelope, verify
from stellapolicy.trust.errors import EnvelopeRefused, KeysUnreadable, PayloadTypeRefused, StatementMalformed
from stellapolicy.trust.intoto import PAYLOAD_TYPE, read_statement
from stellapolicy.trust.public_keys import PublicKey, read_public_keys


@dataclass(frozen=True, slots=True)
class Request:
    """One call: the envelope, the keys any of which must have signed it, when, and terms to hold against it.

    asks_when: whether the instant was stated.
    """

    envelope: bytes
    keys: Mapping[str, PublicKey]
    at: datetime
    asks_when: bool = False
    terms_file: str = ""
    terms: JsonValue = None


@dataclass(frozen=True, slots=True)
class Verified:
    """An approval, and the keys that vouch for it."""

    approval: Approval
    key_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class VerifiedDocument:
    """The bytes of an export, what they were signed as, and the keys that vouch for them."""

    media_type: str
    content: bytes
    key_ids: tuple[str, ...]


def main(arguments: Sequence[str]) -> int:
    """Answer one call on the standard streams and return its exit code."""
    return answered(_answer, arguments)


def verified(request: Request) -> Verified | VerifiedDocument:
    """Return the approval or the export an envelope holds, once its signature and every digest are checked."""
    envelope = read_envelope(request.envelope)
    if envelope.payload_type in DOCUMENTS:
        return _verified_document(envelope, request)
    if envelope.payload_type != PAYLOAD_TYPE:
        signed = ", ".join((PAYLOAD_TYPE, *DOCUMENTS))
        raise PayloadTypeRefused(f"approvals and exports are {signed}; this is {envelope.payload_type!r:.200}")
    key_ids = verify(envelope, request.keys, payload_type=PAYLOAD_TYPE)
    approval = read_approval(read_statement(envelope.payload))
    if request.terms_file:
        require_terms(request.terms, terms_digest=approval.terms_digest)
    return Verified(approval, key_ids)


def _verified_document(envelope: Envelope, request: Request) -> VerifiedDocument:
    key_ids = verify(envelope, request.keys, payload_type=envelope.payload_type)
    if request.terms_file or request.asks_when:
        named = DOCUMENTS[envelope.payload_type]
        raise UsageRefused(f"--terms and --at are about an approval; signed here is {named}")
    return VerifiedDocument(envelope.payload_type, envelope.payload, key_ids)


def _answer(arguments: Sequence[str]) -> ExitCode:
    try:
        request = _read(arguments)
        found = verified(request)
    except (UsageRefused, KeysUnreadable) as refusal:
        return _refuse(ExitCode.USAGE, refusal)
    except TermsDiffer as refusal:
        return _refuse(ExitCode.DIGEST, refusal)
    except (EnvelopeRefused, StatementMalformed, NotAnApproval) as refusal:
        return _refuse(ExitCode.SIGNATURE, refusal)
    if isinstance(found, VerifiedDocument):
        say(_words_about_document(found))
        return ExitCode.DONE
    say(_words(found, request))
    return ExitCode.DONE if _holds(found.approval.decided, at=request.at) else ExitCode.NOT_NOW


def _refuse(code: ExitCode, refusal: Exception) -> ExitCode:
    lines = [f"NOT VERIFIED: {refusal}"] if code is not ExitCode.USAGE else [str(refusal)]
    if isinstance(refusal, Refusal):
        lines[0] += f" ({refusal.code})"
        lines += [f"  {fault.pointer or '/'}: {fault.message} ({fault.code})" for fault in refusal.faults]
    say(lines, to=sys.stderr)
    return code


def _words(found: Verified, request: Request) -> Iterator[str]:
    approval, decided = found.approval, found.approval.decided
    yield _verdict(approval, at=request.at)
    yield f"Asked for by {decided.requester}: {decided.reason}"
    yield f"Approved at {rfc3339(decided.approved_at)} by:" if decided.approvers else "Approved by nobody: level A0."
    for approver in decided.approvers:
        yield f"  {_agreed(approver)}"
    yield f"Holds from {rfc3339(decided.valid_from)} until {rfc3339(decided.valid_until)}."
    beside = f", which {request.terms_file} are" if request.terms_file else ""
    yield f"Its terms are {approval.terms_digest}{beside}."
    yield f"Signed by {', '.join(found.key_ids)}."
    yield "An approval does not know what came after it: whether it was revoked or held since, its installation knows."


def _words_about_document(found: VerifiedDocument) -> Iterator[str]:
    yield f"VERIFIED: {DOCUMENTS[found.media_type]}, signed as {found.media_type}."
    yield f"Its {len(found.content)} bytes are {digest.of_bytes(found.content)}."
    yield f"Signed by {', '.join(found.key_ids)}."
    yield "It says what was in force when it was written: what has ended or was revoked since, its installation knows."


def _holds(decided: Decided, *, at: datetime) -> bool:
    return decided.valid_from <= at < decided.valid_until


def _verdict(approval: Approval, *, at: datetime) -> str:
    """Return the one line that whoever reads no further takes home."""
    number, decided = approval.number, approval.decided
    named = f"an exception of level {decided.level.value.upper()}"
    if at >= decided.valid_until:
        return f"OVER: {number}, {named}, was approved, and is over since {rfc3339(decided.valid_until)}."
    if at < decided.valid_from:
        return f"NOT YET: {number}, {named}, is approved, and begins at {rfc3339(decided.valid_from)}."
    return f"VERIFIED: {number}, an approved exception of level {decided.level.value.upper()}."


def _agreed(approver: Approver) -> str:
    instead = f" in the stead of {approver.on_behalf_of}" if approver.on_behalf_of else ""
    return f"{approver.person}{instead} as {approver.seat} at {rfc3339(approver.at)}"


def _read(arguments: Sequence[str]) -> Request:
    parser = Parser(prog="python -m exceptions.verify", description=__doc__, allow_abbrev=False)
    parser.add_argument("envelope", metavar="ENVELOPE", help="the signed approval or export: a DSSE envelope in JSON")
    parser.add_argument("--key", dest="keys", action="append", required=True, metavar="KEY", help="public keys in PEM")
    parser.add_argument("--terms", metavar="TERMS", default="", help="terms in JSON that should be the approved ones")
    parser.add_argument("--at", metavar="AT", default="", help="judge an instant or a day other than now")
    asked = parser.parse_args(arguments)
    at = moment_of(asked.at) if asked.at else now()
    if at is None:
        raise UsageRefused(f"--at {asked.at!r} is neither a day (2027-01-31) nor an instant with a zone")
    keys = [key for name in asked.keys for key in _keys_of(name)]
    return Request(
        envelope=bytes_of(asked.envelope),
        keys={key.key_id: key for key in keys},
        at=at,
        asks_when=bool(asked.at),
        terms_file=asked.terms,
        terms=json_of(asked.terms) if asked.terms else None,
    )


def _keys_of(name: str) -> tuple[PublicKey, ...]:
    found = read_public_keys(text_of(name))
    if not found:
        raise UsageRefused(f"{name}: there is no public key in it")
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
