"""Traces: why a verdict is what it is, rule by rule, as values that can be stored, shown and compared."""

from dataclasses import dataclass
from enum import StrEnum

from policies.language.verdict import Verdict
from stellapolicy.kernel import digest
from stellapolicy.kernel.canonical_json import JsonValue

_MARKS = {"matched": "✓", "not_matched": "·", "unknown": "?", "skipped": "-"}


class RuleOutcome(StrEnum):
    """What became of a rule."""

    MATCHED = "matched"
    NOT_MATCHED = "not_matched"
    UNKNOWN = "unknown"
    SKIPPED = "skipped"


class Truth(StrEnum):
    """The three truths of a condition."""

    TRUE = "true"
    FALSE = "false"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class AtomTrace:
    """One part of a condition that is not made of others: its truth, and what it was judged by.

    `values` pairs each fact, and each computed operand, with its value; None is what nobody knows.
    """

    text: str
    truth: Truth
    values: tuple[tuple[str, JsonValue], ...]

    def to_json(self) -> dict[str, JsonValue]:
        """Return the form a trace stores."""
        return {"text": self.text, "truth": self.truth.value, "values": dict(self.values)}


@dataclass(frozen=True, slots=True)
class ActionTrace:
    """An action of the branch taken, and whether it had its way."""

    text: str
    applied: bool

    def to_json(self) -> dict[str, JsonValue]:
        """Return the form a trace stores."""
        return {"text": self.text, "applied": self.applied}


@dataclass(frozen=True, slots=True)
class RuleTrace:
    """One rule: what became of it and why. `skipped` is a rule that came after the status was settled."""

    rule: str
    priority: int
    outcome: RuleOutcome
    truth: Truth
    atoms: tuple[AtomTrace, ...]
    actions: tuple[ActionTrace, ...]
    because: str | None

    def to_json(self) -> dict[str, JsonValue]:
        """Return the form a trace stores."""
        return {
            "rule": self.rule,
            "priority": self.priority,
            "outcome": self.outcome.value,
            "truth": self.truth.value,
            "atoms": [atom.to_json() for atom in self.atoms],
            "actions": [action.to_json() for action in self.actions],
            "because": self.because,
        }


@dataclass(frozen=True, slots=True)
class Trace:
    """The rules of a program in their order, each with its outcome, and the verdict they led to."""

    verdict: Verdict
    rules: tuple[RuleTrace, ...]

    @property
    def id(self) -> str:
        """The name of this trace: `rat:` and the digest of its canonical JSON."""
        return f"rat:{digest.of_json(self.to_json())}"

    def to_json(self) -> dict[str, JsonValue]:
        """Return the form that is stored and digested."""
        return {
            "program": self.verdict.program_digest,
            "rules": [rule.to_json() for rule in self.rules],
            "verdict": self.verdict.to_json(),
        }

    def to_text(self) -> str:
        """Return the trace as lines for a terminal."""
        lines = [f"{self.verdict.status}{_hanging(self.verdict)}{_because(self.verdict.because)}"]
        for rule in self.rules:
            lines.append(f"{_MARKS[rule.outcome]} {rule.rule} (priority {rule.priority}): {_spoken(rule.outcome)}")
            lines += [f"    {atom.truth:<7} {atom.text}{_shown(atom)}" for atom in rule.atoms]
            lines += [f"    {'→' if action.applied else '⇢'} {action.text}{_fate(action)}" for action in rule.actions]
        return "\n".join(lines) + "\n"

    def to_markdown(self) -> str:
        """Return the trace as Markdown: the verdict, then a table of rules and their atoms."""
        lines = [
            f"**{self.verdict.status}**{_hanging(self.verdict)}{_because(self.verdict.because)}",
            "",
            "| rule | outcome | condition | truth | values |",
            "|---|---|---|---|---|",
        ]
        for rule in self.rules:
            for place, atom in enumerate(rule.atoms or (AtomTrace("true", Truth.TRUE, ()),)):
                head = (rule.rule, _spoken(rule.outcome)) if place == 0 else ("", "")
                cells = (*head, f"`{atom.text}`", atom.truth.value, _shown(atom).removeprefix("  # "))
                lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
        return "\n".join(lines) + "\n"


def _spoken(outcome: RuleOutcome) -> str:
    return outcome.value.replace("_", " ")


def _hanging(verdict: Verdict) -> str:
    if not verdict.undecided:
        return f" by {verdict.rule}" if verdict.rule else ""
    return f", undecided: {verdict.rule} needs {', '.join(verdict.unknown_facts)}"


def _because(because: str | None) -> str:
    return f": {because}" if because else ""


def _shown(atom: AtomTrace) -> str:
    shown = ", ".join(f"{name} = {'unknown' if value is None else value}" for name, value in atom.values)
    return f"  # {shown}" if shown else ""


def _fate(action: ActionTrace) -> str:
    return "" if action.applied else " (skipped)"
