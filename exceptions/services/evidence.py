"""Attaching evidence: statements for the hooks of a level, and files that go with them."""

import binascii
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import Final
from uuid import UUID

from django.core.files.storage import storages
from django.db import transaction

from exceptions.errors import AttachmentRefused, EvidenceRefused
from exceptions.models import ExceptionEvidence, PolicyException
from exceptions.rules.attestation import PREDICATE_TYPE
from exceptions.rules.hook_schemas import instants
from exceptions.rules.hooks import HOOKS, HookKind, Signature, schema_mistakes
from exceptions.rules.vocabulary import IN_FORCE, UNDECIDED
from exceptions.rules.wording import counted
from exceptions.selectors import held_exception
from exceptions.services.hooks import is_about
from exceptions.services.request import changed, illegal
from exceptions.services.story import tell
from stellapolicy.access.roles import Scope as Held
from stellapolicy.kernel import digest
from stellapolicy.kernel.actor import Actor
from stellapolicy.kernel.canonical_json import JsonValue
from stellapolicy.kernel.refusals import Fault
from stellapolicy.trust.dsse import Envelope, verify
from stellapolicy.trust.errors import EnvelopeRefused
from stellapolicy.trust.intoto import PAYLOAD_TYPE, Statement, read_statement
from stellapolicy.trust.keys import trusted_keys

LARGEST: Final = 5 * 1024 * 1024
TYPES: Final = ("application/json", "application/pdf", "image/png", "image/jpeg", "text/plain", "text/markdown")
# How far a statement is believed, in 1/10,000: by a signature we trust, or on the word of whoever attached it.
SIGNED_TRUST: Final = 9_000
STATED_TRUST: Final = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Attached:
    """What somebody attaches: a statement for a hook, signed or not, a file, or both.

    envelope: a DSSE envelope whose payload is the statement; then `claims` are read from it.
    """

    hook: HookKind | None = None
    claims: Mapping[str, JsonValue] | None = None
    envelope: Mapping[str, JsonValue] | None = None
    issued_at: datetime | None = None
    filename: str = ""
    content_type: str = ""
    content: bytes = b""
    note: str = ""


@transaction.atomic
def attach_evidence(*, actor: Actor, pk: UUID, attached: Attached, at: datetime) -> ExceptionEvidence:
    """Attach evidence to an exception that has not ended; whoever asked may, and whoever may write in its services.

    A signature is verified against the keys that are trusted at this moment, and what came of it is kept with the key;
    `submitted_to` asks again whether that is still trusted.
    Raises AttachmentRefused, EvidenceRefused, IllegalTransition, ScopeMissing.
    """
    exception = held_exception(actor, pk)
    if exception.state not in (*IN_FORCE, *UNDECIDED):
        raise illegal(exception, "given evidence", at=at)
    _refuse_stranger(actor, exception)
    _refuse_file(attached)
    claims, signature, signer, subjects = _statement(attached, exception)
    _refuse_claims(attached, claims, at=at)
    row = ExceptionEvidence(
        exception=exception,
        hook=attached.hook.value if attached.hook else "",
        claims=dict(claims),
        issued_at=_issued_at(attached, claims, at=at),
        trust=SIGNED_TRUST if signature is Signature.VERIFIED else STATED_TRUST,
        signature=signature.value,
        signer=signer,
        subjects=subjects,
        filename=attached.filename[:255],
        content_type=attached.content_type,
        size_bytes=len(attached.content),
        digest=digest.of_bytes(attached.content) if attached.content else "",
        stored_as=_keep(attached.content),
        note=attached.note.strip(),
        attached_by=actor.subject,
        person=actor.person,
        at=at,
    )
    row.save(force_insert=True)
    changed(exception)
    details = {"evidence": str(row.pk), "hook": row.hook, "signature": row.signature, "digest": row.digest}
    tell(exception, actor, "exception.evidence_attached", at=at, reason=row.note, details=details)
    return row


def _issued_at(attached: Attached, claims: Mapping[str, JsonValue], *, at: datetime) -> datetime:
    """Return the oldest instant that the evidence names: whoever attaches it makes nothing younger."""
    stated = [moment for _, moment in instants(attached.hook, claims)] if attached.hook else []
    return min([attached.issued_at or at, *stated])


def _refuse_stranger(actor: Actor, exception: PolicyException) -> None:
    if exception.person == actor.person:
        return
    for service in exception.service_ids or (None,):
        actor.require(Held.EXCEPTION_WRITE, service=service)


def _refuse_file(attached: Attached) -> None:
    if not attached.content and attached.hook is None:
        raise AttachmentRefused("attach a statement for a hook, a file, or both")
    if len(attached.content) > LARGEST:
        raise AttachmentRefused(f"a file has at most {LARGEST} bytes, this one {len(attached.content)}")
    if attached.content and attached.content_type not in TYPES:
        raise AttachmentRefused(f"files are {', '.join(TYPES)}; this one is {attached.content_type[:60]!r}")


def _statement(
    attached: Attached, exception: PolicyException
) -> tuple[Mapping[str, JsonValue], Signature, str, list[str]]:
    """Return what is stated, what its signature is worth, by which key, and about what by digest.

    A signature is one over an in-toto statement about the newest terms, by number and digest, or about every artifact
    that their scope names: what was signed for others, for some of them, or for what was asked before, proves nothing.
    """
    if attached.envelope is None:
        return attached.claims or {}, Signature.UNSIGNED, "", []
    envelope = Envelope.from_json(attached.envelope)
    statement = read_statement(envelope.payload)
    if statement.predicate_type == PREDICATE_TYPE:
        raise EvidenceRefused("an approval is no evidence for another one")
    subjects = _subjects_of(statement, exception)
    try:
        signers = verify(envelope, trusted_keys(), payload_type=PAYLOAD_TYPE)
    except EnvelopeRefused:
        return statement.predicate, Signature.BAD, "", subjects
    return statement.predicate, Signature.VERIFIED, min(signers), subjects


def _subjects_of(statement: Statement, exception: PolicyException) -> list[str]:
    """Return every digest that a statement is about, or refuse one that says nothing of the newest terms.

    The digest of terms under another name than the number of their exception is left out.
    """
    own = set(exception.versions.values_list("digest", flat=True))
    stated = {(one.name, f"sha256:{one.digests.get('sha256', '')}") for one in statement.subjects}
    found = {
        found for name, found in stated if digest.is_digest(found) and (found not in own or name == exception.number)
    }
    terms = exception.asked
    if terms is None or not is_about(found, terms=[terms.digest], artifacts=terms.selector().digests):
        named = f"{exception.number} with sha256 of its newest terms, {terms.digest if terms else 'none'}"
        raise EvidenceRefused(f"the statement is neither about {named}, nor about every artifact that its scope names")
    return sorted(found)


def _refuse_claims(attached: Attached, claims: Mapping[str, JsonValue], *, at: datetime) -> None:
    if attached.hook is None:
        return
    mistakes = schema_mistakes(HOOKS[attached.hook], claims)
    if attached.issued_at is not None and attached.issued_at > at:
        mistakes = (*mistakes, Fault("/issued_at", "evidence.future", "evidence is not from the future"))
    if mistakes:
        raise EvidenceRefused(
            f"{counted(len(mistakes), 'mistake')}; the first: {mistakes[0].message}", faults=tuple(mistakes)
        )


def _keep(content: bytes) -> str:
    """Store the bytes under their digest, where they are not yet; the same bytes are one file."""
    if not content:
        return ""
    name = f"attachments/{digest.of_bytes(content).removeprefix('sha256:')}"
    store = storages["evidence"]
    return name if store.exists(name) else store.save(name, BytesIO(content))


def content_of(row: ExceptionEvidence) -> bytes:
    """Return the bytes of an attachment, proven to be those that were attached."""
    with storages["evidence"].open(row.stored_as, "rb") as file:
        content: bytes = file.read()
    if digest.of_bytes(content) != row.digest:
        raise AttachmentRefused(f"what is stored as {row.digest} is something else by now")
    return content


def decoded(text: str) -> bytes:
    """Return the bytes of an attachment sent as base64 in JSON, or refuse."""
    try:
        return b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        fault = Fault("/content_base64", AttachmentRefused.code, "this is not base64")
        raise AttachmentRefused("the content is not base64", faults=(fault,)) from None
