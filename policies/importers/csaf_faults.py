"""What a CSAF document does wrong: gathered, so that its author hears of everything at once."""

from dataclasses import dataclass, field

from policies.importers.limits import STANDARD
from policies.importers.refusals import ShapeInvalid
from policies.importers.shape import Place, pointer
from stellapolicy.kernel.refusals import Fault


@dataclass(slots=True)
class Faults:
    """The mandatory tests of CSAF 2.0 (section 6.1) that a document fails, each with its place."""

    found: list[Fault] = field(default_factory=list)

    def add(self, place: Place, test: str, message: str) -> None:
        """Report that a mandatory test fails at a place."""
        if len(self.found) < STANDARD.faults:
            self.found.append(Fault(pointer(place), "evidence.csaf_invalid", f"{message} (CSAF 2.0 test {test})"))

    def refuse(self) -> None:
        """Refuse the document if any test failed."""
        if self.found:
            raise ShapeInvalid.of(tuple(self.found))
