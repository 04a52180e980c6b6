"""What exceptions refuse, each with its code."""

from http import HTTPStatus

from stellapolicy.kernel.refusals import Fault, Refusal


class ExceptionNotFound(Refusal):
    """The tenant has no such exception, or it is not yours to see."""

    code = "exception.not_found"
    status = HTTPStatus.NOT_FOUND
    title = "No such exception"


class ExceptionInvalid(Refusal):
    """What is asked for cannot be, with every mistake in it."""

    code = "exception.invalid"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    title = "The exception cannot be asked for like this"


class TooLong(Refusal):
    """Longer than the level, the effect or the first start allow."""

    code = "exception.too_long"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    title = "Too long"


class TooBroad(Refusal):
    """More is covered than anybody can look at."""

    code = "exception.too_broad"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    title = "Too broad to be looked at"


class AlreadyCovered(Refusal):
    """An exception in force says all of this already."""

    code = "already_covered"
    status = HTTPStatus.CONFLICT
    title = "Covered already"

    def __init__(self, detail: str, *, number: str = "", faults: tuple[Fault, ...] = ()) -> None:
        super().__init__(detail, faults=faults)
        self.number = number


class ConditionAlreadyTrue(Refusal):
    """A condition would make it void the moment it is approved."""

    code = "exception.condition_already_true"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    title = "A condition is true already"


class IllegalTransition(Refusal):
    """The exception does not move like this from where it stands."""

    code = "exception.illegal_transition"
    status = HTTPStatus.CONFLICT
    title = "Not from this state"


class NothingPending(Refusal):
    """There are no terms that wait for a decision."""

    code = "exception.nothing_pending"
    status = HTTPStatus.CONFLICT
    title = "Nothing waits for a decision"


class FactsChanged(Refusal):
    """What is covered got worse since it was asked for: who approves must see it as it is."""

    code = "exception.facts_changed"
    status = HTTPStatus.CONFLICT
    title = "The facts got worse"


class WindowOver(Refusal):
    """The time that was asked for has passed."""

    code = "exception.window_over"
    status = HTTPStatus.CONFLICT
    title = "The time asked for is over"


class EvidenceMissing(Refusal):
    """The level asks for evidence that is not there, too old, too weak or not signed."""

    code = "exception.evidence_missing"
    status = HTTPStatus.CONFLICT
    title = "Evidence is missing"


class TicketMissing(Refusal):
    """The level asks for a ticket."""

    code = "exception.ticket_missing"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    title = "A ticket is needed"


class NotNarrower(Refusal):
    """An approver may narrow or shorten what was asked for, never widen it."""

    code = "exception.not_narrower"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    title = "Not narrower than what was asked for"


class CommentMissing(Refusal):
    """Approving, rejecting, asking for changes and revoking need a comment."""

    code = "reason.missing"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    title = "Say why"


class NotYourRequest(Refusal):
    """Only whoever asked may take it back, change it or answer for it."""

    code = "exception.not_yours"
    status = HTTPStatus.FORBIDDEN
    title = "Not yours to change"


class NotYoursToRevoke(Refusal):
    """Revoking takes the right to approve, or having asked for it."""

    code = "exception.not_yours_to_revoke"
    status = HTTPStatus.FORBIDDEN
    title = "Not yours to revoke"


class NotYoursToQuestion(Refusal):
    """Changes are asked for by whoever could approve."""

    code = "exception.not_yours_to_question"
    status = HTTPStatus.FORBIDDEN
    title = "Not yours to send back"


class AttachmentRefused(Refusal):
    """The attachment is too large, or of a type that is not kept."""

    code = "exception.attachment_refused"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    title = "Not an attachment that is kept"


class EvidenceRefused(Refusal):
    """What is stated does not say what its hook asks for."""

    code = "exception.evidence_refused"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    title = "Not evidence for this"


class TableRefused(Refusal):
    """A table of approval levels with every mistake in it."""

    code = "exception.levels_refused"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    title = "Not a table of approval levels"


class TableMoved(Refusal):
    """The table was changed since this change was proposed."""

    code = "exception.levels_moved"
    status = HTTPStatus.CONFLICT
    title = "The levels have changed meanwhile"


class AttestationNotFound(Refusal):
    """The approval of these terms is not signed."""

    code = "exception.attestation_not_found"
    status = HTTPStatus.NOT_FOUND
    title = "No signed approval"


class ImportRefused(Refusal):
    """The file is none that exceptions are imported from, or holds mistakes."""

    code = "exception.import_refused"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    title = "Not a file of exceptions"


class NothingToExport(Refusal):
    """No exception in force can be said in this format, which has no form for saying nothing."""

    code = "exception.nothing_to_export"
    status = HTTPStatus.NOT_FOUND
    title = "Nothing to say in this format"


class EvidenceNotFound(Refusal):
    """The exception has no such evidence, or none with a file."""

    code = "exception.evidence_not_found"
    status = HTTPStatus.NOT_FOUND
    title = "No such evidence"


class BulkRefused(Refusal):
    """All or nothing was asked for, and one row was refused: nothing was done."""

    code = "exception.bulk_refused"
    status = HTTPStatus.CONFLICT
    title = "Nothing was done"
