"""What governance refuses, each with its code."""

from http import HTTPStatus

from stellapolicy.kernel.refusals import Refusal


class ApprovalNotFound(Refusal):
    """The tenant has no such request, or it is not yours to see."""

    code = "approval.not_found"
    status = HTTPStatus.NOT_FOUND
    title = "No such request"


class SecondPersonRequired(Refusal):
    """Whoever asks, or stands to gain, may not decide."""

    code = "second_person_required"
    status = HTTPStatus.FORBIDDEN
    title = "A second person is needed"


class VotedAlready(Refusal):
    """This person has spoken on the request, themselves or through somebody else."""

    code = "approval.voted_already"
    status = HTTPStatus.CONFLICT
    title = "One person, one vote"


class SeatMissing(Refusal):
    """The voter holds nothing that a seat of the request asks for."""

    code = "approval.seat_missing"
    status = HTTPStatus.FORBIDDEN
    title = "No seat for you"


class SeatsFilled(Refusal):
    """The seats the voter could fill are taken."""

    code = "approval.seats_filled"
    status = HTTPStatus.CONFLICT
    title = "Your seats are filled"


class PayloadChanged(Refusal):
    """The vote is about something else than what the request holds."""

    code = "approval.payload_mismatch"
    status = HTTPStatus.CONFLICT
    title = "Not what you looked at"


class ApprovalClosed(Refusal):
    """The request has been decided or withdrawn."""

    code = "approval.closed"
    status = HTTPStatus.CONFLICT
    title = "The request is closed"


class ApprovalExpired(Refusal):
    """The request's time ran out."""

    code = "approval.expired"
    status = HTTPStatus.CONFLICT
    title = "The request has expired"


class NotYours(Refusal):
    """Only whoever asked may withdraw, and only whoever delegated may end it."""

    code = "approval.not_yours"
    status = HTTPStatus.FORBIDDEN
    title = "Not yours to take back"


class TokenMayNotVote(Refusal):
    """This request is decided by people who sign in, not by tokens."""

    code = "approval.token_refused"
    status = HTTPStatus.FORBIDDEN
    title = "A person has to sign in for this"


class ReasonMissing(Refusal):
    """Asking, rejecting and delegating need a reason."""

    code = "reason.missing"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    title = "Say why"


class TimeOutRefused(Refusal):
    """A request ends after it begins, and within the longest time a request may wait."""

    code = "approval.time_out_refused"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    title = "Not a time-out for a request"


class NobodyAsked(Refusal):
    """The kind of the request does not let it be approved by nobody."""

    code = "approval.nobody_asked"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    title = "Somebody has to agree"


class PayloadRefused(Refusal):
    """The payload has no canonical form."""

    code = "approval.payload_refused"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    title = "Not a payload"


class DelegationMissing(Refusal):
    """Nothing lets the voter stand in for this person now."""

    code = "delegation.missing"
    status = HTTPStatus.FORBIDDEN
    title = "You do not stand in for them"


class DelegationNotFound(Refusal):
    """The tenant has no such delegation, or it is not yours to see."""

    code = "delegation.not_found"
    status = HTTPStatus.NOT_FOUND
    title = "No such delegation"


class DelegationEnded(Refusal):
    """The delegation is over already."""

    code = "delegation.ended"
    status = HTTPStatus.CONFLICT
    title = "The delegation has ended"


class DelegationRefused(Refusal):
    """Not something that can be delegated, or not to this person, or not for this time."""

    code = "delegation.refused"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    title = "Not a delegation"


class DelegationLoop(Refusal):
    """Two people would stand in for each other."""

    code = "delegation.loop"
    status = HTTPStatus.CONFLICT
    title = "A circle of delegations"


class SettingUnknown(Refusal):
    """There is no such setting."""

    code = "setting.unknown"
    status = HTTPStatus.NOT_FOUND
    title = "No such setting"


class SettingRefused(Refusal):
    """The value is none for this setting."""

    code = "setting.refused"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    title = "Not a value for this setting"


class SettingUnchanged(Refusal):
    """The setting has this value already."""

    code = "setting.unchanged"
    status = HTTPStatus.CONFLICT
    title = "Nothing to change"


class SettingMoved(Refusal):
    """The setting was changed after this change was proposed."""

    code = "setting.moved"
    status = HTTPStatus.CONFLICT
    title = "The setting has changed meanwhile"


class AskedAlready(Refusal):
    """The very same waits for a second person already."""

    code = "approval.asked_already"
    status = HTTPStatus.CONFLICT
    title = "Asked for already"
