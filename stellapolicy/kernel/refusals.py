"""Refusals: the product says no with a stable code, a place and a sentence."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Fault:
    """One mistake in an input: where it is (JSON Pointer, or line and column in words), its code, what to do."""

    pointer: str
    code: str
    message: str


class Refusal(Exception):  # noqa: N818 - a refusal is an answer of the product, not an accident
    """An answer that is no. Subclasses fix `code` and `status`; both are part of the API."""

    code: ClassVar[str] = "refused"
    status: ClassVar[HTTPStatus] = HTTPStatus.BAD_REQUEST
    title: ClassVar[str] = "The request was refused"

    def __init__(self, detail: str, *, faults: tuple[Fault, ...] = ()) -> None:
        super().__init__(detail)
        self.detail = detail
        self.faults = faults
