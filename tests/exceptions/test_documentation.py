"""What the documentation draws is what the code does."""

from pathlib import Path

from exceptions.models import PolicyException
from exceptions.rules.vocabulary import LEGAL_STEPS
from tests.state_diagrams import mermaid

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "exceptions.md"


def test_the_documented_diagram_is_the_one_of_the_code() -> None:
    assert mermaid(PolicyException) in DOCUMENT.read_text(encoding="utf-8")


def test_the_diagram_has_every_legal_step_and_no_other() -> None:
    drawn = {line.partition(":")[0].strip() for line in mermaid(PolicyException).splitlines() if ": " in line}

    assert drawn == {f"{source} --> {target}" for source, targets in LEGAL_STEPS.items() for target in targets}
