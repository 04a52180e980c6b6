"""Conditions in Python: two expressions for each, one true exactly where it is true, one exactly where it is false.

Where both are false the condition is unknown.

Nothing is evaluated that decides nothing: `and` and `or` stop as Python's do. What costs more than a comparison has
a function of its own, asked at most once.
"""

from functools import lru_cache
from typing import Final

from policies.language import terms
from policies.language.compiler import code, values
from policies.language.compiler.code import Code, Step
from policies.language.compiler.unit import STATEMENT, Body
from policies.language.terms import (
    Call,
    Coalesce,
    Comparison,
    Conjunction,
    Constant,
    Containment,
    Disjunction,
    Existence,
    Fact,
    LatestStatement,
    Membership,
    Negation,
    Relation,
    ReleaseAny,
    ReleaseCount,
    ReleaseMax,
    StatementCount,
    StatementField,
    StatementTest,
    Table,
    Term,
)
from policies.language.types import Type

_COSTLY: Final = (
    Call,
    Table,
    StatementTest,
    StatementCount,
    LatestStatement,
    ReleaseAny,
    ReleaseCount,
    ReleaseMax,
)


def true(body: Body, term: Term) -> Code:
    """Return what is true exactly where the condition is true."""
    match term:
        case Constant(_, value):
            return code.constant(value is True)
        case Conjunction(operands):
            return code.every([true(body, operand) for operand in operands])
        case Disjunction(operands):
            return code.either([true(body, operand) for operand in operands])
        case Negation(operand):
            return false(body, operand)
        case _ if is_costly(term):
            return code.same(_asked_once(body, term), code.TRUE)
        case _:
            return _true_atom(body, term)


def false(body: Body, term: Term) -> Code:
    """Return what is true exactly where the condition is false."""
    match term:
        case Constant(_, value):
            return code.constant(value is False)
        case Conjunction(operands):
            return code.either([false(body, operand) for operand in operands])
        case Disjunction(operands):
            return code.every([false(body, operand) for operand in operands])
        case Negation(operand):
            return true(body, operand)
        case _ if is_costly(term):
            return code.same(_asked_once(body, term), code.FALSE)
        case _:
            return _false_atom(body, term)


def unknown(body: Body, term: Term) -> Code:
    """Return what is true exactly where a condition that is not true is unknown, for as little as can be."""
    match term:
        case Fact() | StatementField():
            # What is neither true nor false is unknown, whatever else a caller may have put there.
            return code.other(values.value(body, term), code.FALSE)
        case Negation(Fact() | StatementField() as asked):
            return code.other(values.value(body, asked), code.TRUE)
    asked_about = _only_fact(term.operand if isinstance(term, Negation) else term)
    if asked_about is None:
        return code.negated(false(body, term))
    found = values.value(body, asked_about)
    return code.unequal(found, found)


def _only_fact(term: Term) -> Term | None:
    """Return the one fact that a comparison with literals rests on: it is unknown exactly where that fact is."""
    match term:
        case Comparison(_, Fact() | StatementField() as asked, Constant()):
            return asked
        case Membership(Fact() | StatementField() as asked, _):
            return asked
        case _:
            return None


def truth(body: Body, term: Term) -> Code:
    """Return what is True, False or UNKNOWN as the condition is."""
    if isinstance(term, Constant):
        return code.constant(term.value)
    if isinstance(term, Fact | StatementField):
        return values.value(body, term)
    return code.call(truth_function(body, term), *_arguments(parameters_of(body, term)))


def is_costly(term: Term) -> bool:
    """Whether an atom deserves a function of its own."""
    return _is_costly(term)


@lru_cache(maxsize=4096)
def _is_costly(term: Term) -> bool:
    if isinstance(term, _COSTLY):
        return True
    if isinstance(term, Comparison) and term.left.type is Type.BOOL:
        return True
    if isinstance(term, Coalesce) and not _is_plain(term):
        return True
    return any(_is_costly(child) for child in terms.children(term))


def _is_plain(term: Coalesce) -> bool:
    return isinstance(term.value, Fact | StatementField) and isinstance(term.default, Constant)


def parameters_of(body: Body, term: Term) -> tuple[str, ...]:
    """Return the parameters that a function of this term needs: those of the body, the statement only if it is read."""
    reads_statement = any(isinstance(inner, StatementField) for inner in terms.walk(term))
    return tuple(one for one in body.parameters if one != STATEMENT or reads_statement)


def _arguments(parameters: tuple[str, ...]) -> tuple[Code, ...]:
    return tuple(code.name(parameter) for parameter in parameters)


def _asked_once(body: Body, term: Term) -> Code:
    return body.memo(truth_function(body, term), _arguments(parameters_of(body, term)))


def truth_function(body: Body, term: Term) -> str:
    """Return the function that answers True, False or UNKNOWN, writing it where it is not yet there."""
    parameters = parameters_of(body, term)
    key = ("truth", term, parameters)
    if key not in body.unit.shared:
        identifier = body.unit.shared[key] = body.unit.fresh("t")
        own = Body(body.unit, parameters)
        steps = _steps(own, term)
        body.unit.add(identifier, parameters, own.steps(steps))
    return body.unit.shared[key]


def predicate(body: Body, term: Term, parameters: tuple[str, ...]) -> str:
    """Return the function that answers a predicate, with exactly these parameters whatever the term reads."""
    key = ("predicate", term, parameters)
    if key not in body.unit.shared:
        identifier = body.unit.shared[key] = body.unit.fresh("p")
        own = Body(body.unit, parameters)
        body.unit.add(identifier, parameters, own.steps(_composed(own, term)))
    return body.unit.shared[key]


def _composed(body: Body, term: Term) -> list[Step]:
    is_true, is_false = true(body, term), false(body, term)
    return [code.returned(code.chosen(is_true, code.TRUE, code.chosen(is_false, code.FALSE, code.UNKNOWN)))]


def _steps(body: Body, term: Term) -> list[Step]:  # noqa: PLR0911 - one line for each shape of atom
    """Return the steps of a function for one atom whose operands are computed once."""
    match term:
        case Call() | StatementTest() | ReleaseAny():
            return [code.returned(values.value(body, term))]
        case Comparison(_, left, right) if left.type is Type.BOOL:
            return _agreement(body, left, right)
        case Comparison(relation, left, right):
            return _answer(*_related(body, relation, values.local(body, left), values.local(body, right)))
        case Membership(inner, members):
            return _answer(*_within(values.local(body, inner), members))
        case Containment(inner, container):
            return _answer(*_contained(values.local(body, inner), values.local(body, container)))
        case Existence(inner):
            known = _known(values.local(body, inner))
            return _answer(known, code.negated(known))
        case Coalesce(inner, default):
            found = body.local(truth(body, inner))
            return [code.returned(code.chosen(_known(found), found, truth(body, default)))]
        case _:
            return _composed(body, term)


def _agreement(body: Body, left: Term, right: Term) -> list[Step]:
    first, second = body.local(truth(body, left)), body.local(truth(body, right))
    both = code.every([_known(first), _known(second)])
    return [code.returned(code.chosen(both, code.same(first, second), code.UNKNOWN))]


def _answer(is_true: Code, is_false: Code) -> list[Step]:
    return [code.returned(code.chosen(is_true, code.TRUE, code.chosen(is_false, code.FALSE, code.UNKNOWN)))]


def _true_atom(body: Body, term: Term) -> Code:
    return _both(body, term)[0]


def _false_atom(body: Body, term: Term) -> Code:
    return _both(body, term)[1]


def _both(body: Body, term: Term) -> tuple[Code, Code]:  # noqa: PLR0911 - one line for each shape of atom
    """Return truth and falsity of an atom that costs no more than a comparison."""
    match term:
        case Comparison(relation, left, right):
            return _related(body, relation, values.value(body, left), values.value(body, right))
        case Membership(inner, members):
            return _within(values.value(body, inner), members)
        case Containment(inner, container):
            return _contained(values.value(body, inner), values.value(body, container))
        case Existence(inner):
            known = _known(values.value(body, inner))
            return known, code.negated(known)
        case Coalesce(inner, default):
            found = values.value(body, inner)
            unknown = code.same(found, code.UNKNOWN)
            is_true, is_false = code.same(found, code.TRUE), code.same(found, code.FALSE)
            if default == terms.ALWAYS:
                return code.either([is_true, unknown]), is_false
            return is_true, code.either([is_false, unknown])
        case _:
            found = values.value(body, term)
            return code.same(found, code.TRUE), code.same(found, code.FALSE)


def _known(value: Code) -> Code:
    """A value is known where it equals itself; UNKNOWN is not a number and does not."""
    return code.equal(value, value)


def _related(body: Body, relation: Relation, left: Code, right: Code) -> tuple[Code, Code]:
    if relation is not Relation.EQUAL:
        return code.related(left, relation, right), code.related(left, code.OPPOSITE[relation], right)
    if body.reads_release:
        # An interval equals nothing; it differs where it lies wholly on one side.
        apart = [code.related(left, one, right) for one in (Relation.LESS, Relation.GREATER)]
        return code.equal(left, right), code.either(apart)
    known = [_known(side) for side in (left, right) if not code.is_literal(side)]
    return code.equal(left, right), code.every([code.unequal(left, right), *known])


def _within(value: Code, members: tuple[Constant, ...]) -> tuple[Code, Code]:
    literals = code.constant(frozenset(member.runtime_value for member in members))
    return code.within(value, literals), code.every([code.without(value, literals), _known(value)])


def _contained(item: Code, container: Code) -> tuple[Code, Code]:
    known = code.other(container, code.UNKNOWN)
    item_known = [] if code.is_literal(item) else [_known(item)]
    return (
        code.every([known, code.within(item, container)]),
        code.every([known, *item_known, code.without(item, container)]),
    )
