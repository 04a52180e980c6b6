"""A unit: the generated functions of one program, the few names they may use, and their compilation."""

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from policies.language.compiler import code, intervals, statements
from policies.language.compiler.code import Code, Step
from policies.language.functions import IMPLEMENTATIONS
from policies.language.functions.quantities import divide, microseconds
from policies.language.terms import ConstantValue, Term
from policies.language.types import UNKNOWN, Type
from stellapolicy.kernel.severity import RANKS, Severity

FACTS: Final = "f"
STATEMENT: Final = "s"
FINDINGS: Final = "r"
RANK_OF: Final[Mapping[object, int]] = {
    severity.value: rank for severity, rank in RANKS.items() if severity is not Severity.UNKNOWN
}
_NAMES: Final[Mapping[str, object]] = {
    code.UNKNOWN_NAME: UNKNOWN,
    "RANK": RANK_OF.get,
    "RANKS": RANK_OF,
    "MICROSECONDS": microseconds,
    "DIVIDE": divide,
    "CERTAIN": intervals.certain,
    "COUNT_FINDINGS": intervals.count_findings,
    "ANY_FINDING": intervals.any_finding,
    "GREATEST": intervals.greatest,
    "ANY_STATEMENT": statements.any_statement,
    "ALL_STATEMENTS": statements.all_statements,
    "COUNT_STATEMENTS": statements.count_statements,
    "LATEST_STATEMENT": statements.latest_statement,
    **{f"FN_{name}": implementation for name, implementation in IMPLEMENTATIONS.items()},
}


@dataclass(slots=True)
class Unit:
    """The functions generated so far; the same term in the same place is one function.

    `buckets` names the functions of an index by the rules they ask, `late` the tables to fill with compiled functions.

    INVARIANT: generated code is built from closed terms by this package only. Every identifier in it is made here from
    a letter and a number, every text of an author is a constant, and no builtin can be reached.
    """

    maps: Mapping[str, Mapping[str, float]]
    functions: list[ast.FunctionDef] = field(default_factory=list)
    namespace: dict[str, object] = field(default_factory=lambda: dict(_NAMES))
    shared: dict[tuple[str, Term, tuple[str, ...]], str] = field(default_factory=dict)
    buckets: dict[tuple[str, ...], str] = field(default_factory=dict)
    late: dict[str, Mapping[ConstantValue, str]] = field(default_factory=dict)
    _lookups: dict[str, str] = field(default_factory=dict)
    _count: int = 0

    def fresh(self, letter: str) -> str:
        """Return an identifier of this unit that is not yet taken."""
        self._count += 1
        return f"{letter}{self._count}"

    def lookup(self, map_name: str) -> str:
        """Return the name under which generated code looks a key of a source map up."""
        if map_name not in self._lookups:
            identifier = self.fresh("LOOKUP_")
            self._lookups[map_name] = identifier
            self.namespace[identifier] = self.maps.get(map_name, {}).get
        return self._lookups[map_name]

    def add(self, identifier: str, parameters: tuple[str, ...], steps: list[Step]) -> None:
        """Add a function."""
        self.functions.append(code.function(identifier, parameters, steps))

    def compiled(self) -> Mapping[str, Any]:
        """Return the functions by identifier, compiled, with no name but those of this unit."""
        module = ast.fix_missing_locations(ast.Module(list(self.functions), []))
        scope: dict[str, Any] = {"__builtins__": {}, **self.namespace}
        exec(compile(module, "<program>", "exec"), scope)  # noqa: S102 - see the invariant of this class
        return scope


@dataclass(slots=True)
class Body:
    """A function, or a block inside one, being written: what it loads before anything else.

    A block inside another uses what the outer one has loaded and loads the rest itself, so that a fact costs nothing
    where nobody asks for it.
    """

    unit: Unit
    parameters: tuple[str, ...]
    outer: "Body | None" = None
    loaded: dict[tuple[str, str], str] = field(default_factory=dict)
    prelude: list[Step] = field(default_factory=list)
    memos: dict[str, str] = field(default_factory=dict)

    @property
    def reads_release(self) -> bool:
        """Whether this judges all findings of a release, so that numbers may be intervals."""
        return FINDINGS in self.parameters

    def inner(self) -> "Body":
        """Return a block inside this one."""
        return Body(self.unit, self.parameters, self)

    def fact(self, path: str, kind: Type) -> Code:
        """Return the local that holds a fact."""
        return self._local(FACTS, path, kind)

    def statement_field(self, name: str, kind: Type) -> Code:
        """Return the local that holds a field of the statement."""
        return self._local(STATEMENT, name, kind)

    def memo(self, function: str, arguments: tuple[Code, ...]) -> Code:
        """Return the answer of a function, asked for at most once."""
        local = self._find(lambda body: body.memos.get(function))
        if local is None:
            local = self.memos[function] = self.unit.fresh("m")
            self.prelude.append(code.assigned(local, code.constant(None)))
        is_asked = code.other(code.name(local), code.constant(None))
        return code.chosen(is_asked, code.name(local), code.kept(local, code.call(function, *arguments)))

    def local(self, value: Code) -> Code:
        """Return a name for a value that is needed more than once; it is computed here, before anything else."""
        if code.is_simple(value):
            return value
        identifier = self.unit.fresh("v")
        self.prelude.append(code.assigned(identifier, value))
        return code.name(identifier)

    def take(self, path: str) -> str:
        """Return the local of a fact that the writer loads by other means than this body does."""
        return self.loaded.setdefault((FACTS, path), self.unit.fresh("v"))

    def steps(self, steps: list[Step]) -> list[Step]:
        """Return steps with what has to be loaded before them."""
        return [*self.prelude, *steps]

    def _local(self, owner: str, path: str, kind: Type) -> Code:
        key = (owner, path)
        local = self._find(lambda body: body.loaded.get(key))
        if local is None:
            local = self.loaded[key] = self.unit.fresh("v")
            self.prelude.append(code.assigned(local, read(owner, path, kind)))
        return code.name(local)

    def _find(self, look: "Callable[[Body], str | None]") -> str | None:
        body: Body | None = self
        while body is not None:
            found = look(body)
            if found is not None:
                return found
            body = body.outer
        return None


def read(owner: str, path: str, kind: Type) -> Code:
    """Return the value of a fact or field as a program holds it, UNKNOWN where it is absent.

    Asking whether a key is there and then for its value costs less than one call of `get`.
    """
    key = code.constant(path)
    value = code.chosen(code.within(key, code.name(owner)), code.item(owner, key), code.UNKNOWN)
    if kind is Type.SEVERITY:
        return code.call("RANK", value, code.UNKNOWN)
    return code.call("MICROSECONDS", value) if kind is Type.INSTANT else value
