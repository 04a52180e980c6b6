"""What generated code asks of the accepted statements of a finding; a predicate answers True, False or UNKNOWN."""

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

from policies.language.functions.quantities import microseconds
from policies.language.types import UNKNOWN, Facts, Statement

Truth: TypeAlias = bool | float
Predicate: TypeAlias = Callable[[Facts, Statement], Truth]
Statements: TypeAlias = tuple[Statement, ...]


def any_statement(statements: Statements | float, predicate: Predicate, facts: Facts) -> Truth:
    """Whether a statement satisfies the predicate; false without one."""
    if isinstance(statements, float):
        return UNKNOWN
    answers = [predicate(facts, statement) for statement in statements]
    if any(answer is True for answer in answers):
        return True
    return False if all(answer is False for answer in answers) else UNKNOWN


def all_statements(statements: Statements | float, predicate: Predicate, facts: Facts) -> Truth:
    """Whether there is a statement and every one satisfies the predicate.

    Logic would call it true of no statements at all; here that would let a finding pass on no evidence.
    """
    if isinstance(statements, float):
        return UNKNOWN
    answers = [predicate(facts, statement) for statement in statements]
    if not answers or any(answer is False for answer in answers):
        return False
    return True if all(answer is True for answer in answers) else UNKNOWN


def count_statements(statements: Statements | float, predicate: Predicate, facts: Facts) -> float:
    """Return how many statements satisfy the predicate; unknown as soon as one might."""
    if isinstance(statements, float):
        return UNKNOWN
    answers = [predicate(facts, statement) for statement in statements]
    if any(answer is not True and answer is not False for answer in answers):
        return UNKNOWN
    return float(sum(answer is True for answer in answers))


def latest_statement(statements: Statements | float, predicate: Predicate, facts: Facts, name: str) -> Any:  # noqa: ANN401 - the checker knows the type of the field
    """Return a field of the statement issued last among those that satisfy the predicate.

    Without one the status is `none` and every other field unknown. Where it is open which one is the last, or two
    issued at one instant differ, the field is unknown.
    """
    if isinstance(statements, float):
        return UNKNOWN
    answers = [(statement, predicate(facts, statement)) for statement in statements]
    if any(answer is not True and answer is not False for _, answer in answers):
        return UNKNOWN
    fitting = [statement for statement, answer in answers if answer is True]
    if not fitting:
        return "none" if name == "status" else UNKNOWN
    values = set(_fields_of_latest(fitting, name))
    return values.pop() if len(values) == 1 else UNKNOWN


def _fields_of_latest(statements: list[Statement], name: str) -> Iterator[object]:
    """Yield the field of every statement that may be the latest, instants in microseconds."""
    issued = [microseconds(statement.get("issued_at", UNKNOWN)) for statement in statements]
    dated = [instant for instant in issued if instant is not UNKNOWN]
    latest = max(dated) if len(dated) == len(issued) else UNKNOWN
    for statement, instant in zip(statements, issued, strict=True):
        if latest is UNKNOWN or instant == latest:
            field = statement.get(name, UNKNOWN)
            yield microseconds(field) if name == "issued_at" else field
