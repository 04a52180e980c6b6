"""Why a condition is unknown: functions that name the facts it misses, written only for rules that need one.

Only what is itself unknown is entered: a fact beside a false part of an `and` is not missed.
"""

from collections.abc import Callable, Sequence
from typing import TypeAlias

from policies.language import terms
from policies.language.compiler import code, truths
from policies.language.compiler.code import Code, Step
from policies.language.compiler.unit import FACTS, Body, Unit
from policies.language.terms import Conjunction, Constant, Disjunction, Negation, Term
from policies.language.types import UNKNOWN, Facts

Note: TypeAlias = Callable[[tuple[str, ...]], None]
Missing: TypeAlias = Callable[[Facts, Note], None]
_NOTE = "note"


def missing_function(unit: Unit, condition: Term) -> str:
    """Write the function that notes the paths of every atom that is unknown and matters; return its name."""
    identifier = unit.fresh("w")
    body = Body(unit, (FACTS,))
    unit.add(identifier, (FACTS, _NOTE), body.steps(_steps(body, condition)) or [code.returned(code.constant(None))])
    return identifier


def _steps(body: Body, term: Term) -> list[Step]:
    match term:
        case Conjunction(operands) | Disjunction(operands):
            return [
                code.when(_is_unknown(body, operand), inner) for operand in operands if (inner := _steps(body, operand))
            ]
        case Negation(operand):
            return _steps(body, operand)
        case Constant():
            return []
        case _:
            paths = tuple(sorted(terms.reads(term)))
            return [code.noted(_NOTE, paths)] if paths else []


def _is_unknown(body: Body, term: Term) -> Code:
    return code.every([code.negated(truths.true(body, term)), code.negated(truths.false(body, term))])


def absent(paths: Sequence[str], facts: Facts) -> tuple[str, ...]:
    """Return the paths without a value; all of them where each has one and their use still has none."""
    gone = tuple(path for path in paths if is_absent(facts, path))
    return gone or tuple(paths)


def is_absent(facts: Facts, path: str) -> bool:
    """Whether nobody knows a fact."""
    value = facts.get(path, UNKNOWN)
    return isinstance(value, float) and value != value  # noqa: PLR0124 - only what is not a number differs from itself
