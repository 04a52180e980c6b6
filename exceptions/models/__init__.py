"""Exceptions, their terms, and everything that is said, shown and done about them."""

from exceptions.models.application import ExceptionApplication
from exceptions.models.approval import ApprovalTable, ExceptionAttestation
from exceptions.models.evidence import ExceptionEvidence
from exceptions.models.exception import ExceptionNumber, PolicyException
from exceptions.models.story import ExceptionComment, ExceptionEvent, ExceptionNotice
from exceptions.models.terms import Change, ExceptionTerms

__all__ = [
    "ApprovalTable",
    "Change",
    "ExceptionApplication",
    "ExceptionAttestation",
    "ExceptionComment",
    "ExceptionEvent",
    "ExceptionEvidence",
    "ExceptionNotice",
    "ExceptionNumber",
    "ExceptionTerms",
    "PolicyException",
]
