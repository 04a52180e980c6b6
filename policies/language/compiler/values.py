"""Values in Python: for each term an expression that is its value, or UNKNOWN, while a program runs."""

from policies.language.compiler import code, truths
from policies.language.compiler.code import Code
from policies.language.compiler.unit import FACTS, FINDINGS, STATEMENT, Body
from policies.language.terms import (
    STATEMENTS_PATH,
    Arithmetic,
    Call,
    Coalesce,
    Constant,
    Fact,
    LatestStatement,
    Lookup,
    Operation,
    Quantifier,
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

_ON_INTERVALS = frozenset({"percent_of", "days"})
_QUANTIFIERS = {Quantifier.ANY: "ANY_STATEMENT", Quantifier.ALL: "ALL_STATEMENTS"}


def value(body: Body, term: Term) -> Code:  # noqa: C901, PLR0911, PLR0912 - one line for each shape of term
    """Return the value of a term."""
    match term:
        case Constant():
            return code.constant(term.runtime_value)
        case Fact(path, kind):
            return body.fact(path, kind)
        case StatementField(name, kind):
            return body.statement_field(name, kind)
        case Arithmetic(Operation.DIVIDE, left, right):
            return code.call("DIVIDE", value(body, left), value(body, right))
        case Arithmetic(operation, left, right):
            return code.joined(operation, value(body, left), value(body, right))
        case Lookup(map_name, key):
            return code.call(body.unit.lookup(map_name), value(body, key), code.UNKNOWN)
        case Table():
            return code.call(_table(body, term), *map(code.name, truths.parameters_of(body, term)))
        case Call(function, arguments):
            return code.call(f"FN_{function}", *(_argument(body, function, argument) for argument in arguments))
        case Coalesce(inner, default) if term.type is not Type.BOOL:
            return _coalesced(body, inner, default)
        case StatementTest(quantifier, predicate):
            return _of_statements(body, _QUANTIFIERS[quantifier], predicate)
        case StatementCount(predicate):
            return _of_statements(body, "COUNT_STATEMENTS", predicate)
        case LatestStatement(predicate, name, _):
            return _of_statements(body, "LATEST_STATEMENT", predicate, code.constant(name))
        case ReleaseCount(predicate):
            return code.call("COUNT_FINDINGS", code.name(FINDINGS), _predicate(body, predicate))
        case ReleaseAny(predicate):
            return code.call("ANY_FINDING", code.name(FINDINGS), _predicate(body, predicate))
        case ReleaseMax(measure, predicate, _):
            measured = code.name(value_function(body, measure, (FACTS,)))
            return code.call("GREATEST", code.name(FINDINGS), measured, _predicate(body, predicate))
        case _:
            return truths.truth(body, term)


def local(body: Body, term: Term) -> Code:
    """Return a value under a name, so that it can be used twice and is computed once."""
    return body.local(value(body, term))


def value_function(body: Body, term: Term, parameters: tuple[str, ...]) -> str:
    """Return the function that answers the value of a term, writing it where it is not yet there."""
    key = ("value", term, parameters)
    if key not in body.unit.shared:
        identifier = body.unit.shared[key] = body.unit.fresh("n")
        own = Body(body.unit, parameters)
        body.unit.add(identifier, parameters, own.steps([code.returned(value(own, term))]))
    return body.unit.shared[key]


def _argument(body: Body, function: str, argument: Term) -> Code:
    found = value(body, argument)
    is_uncertain = body.reads_release and function not in _ON_INTERVALS and not isinstance(argument, Constant)
    return code.call("CERTAIN", found) if is_uncertain else found


def _coalesced(body: Body, inner: Term, default: Term) -> Code:
    found = value(body, inner)
    if code.is_simple(found):
        return code.chosen(code.equal(found, found), found, value(body, default))
    name = body.unit.fresh("v")
    return code.chosen(code.equal(code.kept(name, found), code.name(name)), code.name(name), value(body, default))


def _of_statements(body: Body, function: str, predicate: Term, *more: Code) -> Code:
    statements = body.fact(STATEMENTS_PATH, Type.STATEMENTS)
    asked = truths.predicate(body, predicate, (FACTS, STATEMENT))
    return code.call(function, statements, code.name(asked), code.name(FACTS), *more)


def _predicate(body: Body, predicate: Term) -> Code:
    return code.name(truths.predicate(body, predicate, (FACTS,)))


def _table(body: Body, term: Table) -> str:
    """Return the function that adds up the rows of a table that hold; one unknown row leaves the sum unknown."""
    parameters = truths.parameters_of(body, term)
    key = ("table", term, parameters)
    if key not in body.unit.shared:
        identifier = body.unit.shared[key] = body.unit.fresh("e")
        own = Body(body.unit, parameters)
        steps = [code.assigned("total", code.constant(0.0))]
        for condition, adjustment in term.rows:
            gone = [code.when(code.negated(truths.false(own, condition)), [code.returned(code.UNKNOWN)])]
            steps.append(code.when(truths.true(own, condition), [code.added("total", code.constant(adjustment))], gone))
        body.unit.add(identifier, parameters, own.steps([*steps, code.returned(code.name("total"))]))
    return body.unit.shared[key]
