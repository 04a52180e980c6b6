"""A chain of checks: read from a gate's definition, written back, and run to its end."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from gates.checks.base import CheckInput, CheckKind, CheckResult, Outcome, Reason, Tier
from gates.checks.options import did_you_mean, read_options, write_options
from gates.checks.registry import REGISTRY, RegisteredCheck
from stellapolicy.kernel.canonical_json import JsonValue
from stellapolicy.kernel.refusals import Fault, Refusal

_log = logging.getLogger(__name__)
_STEP_KEYS = frozenset({"check", "options"})


class ChainRefused(Refusal):
    """A chain that no gate can run, with every mistake in it."""

    code = "gate.chain_invalid"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    title = "The chain of checks cannot be used"


@dataclass(frozen=True, slots=True)
class ChainStep:
    """One check of a chain with its options."""

    kind: CheckKind
    options: Any  # Any: the options type of this kind, as the registry pairs them

    def to_json(self) -> dict[str, JsonValue]:
        """Return the form that a gate definition stores, every option stated."""
        return {"check": self.kind.value, "options": write_options(self.options)}


def step(kind: CheckKind, tier: Tier) -> ChainStep:
    """Return a check with the options shipped for a tier."""
    return ChainStep(kind, REGISTRY[kind].defaults(tier))


def chain_from_json(document: JsonValue, *, tier: Tier) -> tuple[ChainStep, ...]:
    """Return the chain that a gate definition states; options it leaves out are those shipped for the tier.

    Raises ChainRefused with every mistake at its JSON Pointer; an empty chain is one, since it would judge nothing.
    """
    faults: list[Fault] = []
    steps = _steps(document, tier, faults)
    if not steps and not faults:
        faults.append(Fault("", "chain.empty", "a gate needs at least one check"))
    if faults:
        raise ChainRefused(
            f"mistakes in the chain: {len(faults)}; the first: {faults[0].message}", faults=tuple(faults)
        )
    return tuple(steps)


def run_chain(chain: Sequence[ChainStep], subject: CheckInput) -> tuple[CheckResult, ...]:
    """Return what every check of the chain says, in order; none stops the ones after it."""
    return tuple(run_check(REGISTRY[one.kind], one.options, subject) for one in chain)


def run_check(check: RegisteredCheck, options: object, subject: CheckInput) -> CheckResult:
    """Return what a check says; one that fails blocks, by the name of its failure.

    INVARIANT: this is the one place that catches every exception, and it never turns one into anything but a block.
    """
    try:
        return check.run(subject, options)
    except Exception as failure:  # noqa: BLE001 - whatever went wrong, the gate is closed
        _log.exception("check %s failed", check.kind)
        name = type(failure).__name__
        text = f"The check {check.kind} could not be run ({name}); what it would have said is not known."
        fix = "Report this with the decision's id: the gate stays closed until the check runs."
        return CheckResult.because(check.kind, [Reason("check.failed", text, Outcome.BLOCK, value=name, fix=fix)])


def _steps(document: JsonValue, tier: Tier, faults: list[Fault]) -> list[ChainStep]:
    if not isinstance(document, list):
        faults.append(Fault("", "chain.type", "a chain is a list of checks"))
        return []
    read = [_step(item, f"/{place}", tier, faults) for place, item in enumerate(document)]
    return [one for one in read if one is not None]


def _step(item: JsonValue, pointer: str, tier: Tier, faults: list[Fault]) -> ChainStep | None:
    if not isinstance(item, Mapping) or not set(item) <= _STEP_KEYS:
        faults.append(Fault(pointer, "chain.step", 'a step is {"check": …, "options": {…}} and nothing else'))
        return None
    name = item.get("check")
    if name not in list(CheckKind):
        hint = did_you_mean(str(name), {kind.value: kind for kind in CheckKind})
        faults.append(Fault(f"{pointer}/check", "chain.unknown_check", f"There is no check {name}.{hint}"))
        return None
    kind = CheckKind(name)
    shipped = REGISTRY[kind].defaults(tier)
    stated = item.get("options", {})
    return ChainStep(kind, read_options(stated, defaults=shipped, pointer=f"{pointer}/options", faults=faults))
