"""Sections: what stands between the braces of a policy, and the file itself."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from policies.language.tree.actions import Action
from policies.language.tree.expressions import Expression, Path
from policies.language.tree.nodes import Name, Node
from policies.language.tree.values import Number, Text, Value


class SignalType(StrEnum):
    """The types a `declare` section may give to a signal."""

    BOOL = "bool"
    NUMBER = "number"
    STRING = "string"
    STRINGS = "list<string>"
    INSTANT = "instant"


@dataclass(frozen=True, slots=True)
class Entry(Node):
    """One `path = value` of `metadata`, `settings` or `given`."""

    path: Path
    value: Value


@dataclass(frozen=True, slots=True)
class Declaration(Node):
    """One `path = type` of `declare`."""

    path: Path
    type: SignalType


@dataclass(frozen=True, slots=True)
class Metadata(Node):
    """What the author says about the policy; no part of its meaning."""

    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Settings(Node):
    """`default_status`, `on_unknown` and `strict`; a bare word is kept as Text."""

    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Declare(Node):
    """The types of extra signals."""

    declarations: tuple[Declaration, ...]


@dataclass(frozen=True, slots=True)
class MapRow(Node):
    """`source "nvd" => +0.5`."""

    source: Text
    adjustment: Number


@dataclass(frozen=True, slots=True)
class SourceMap(Node):
    """A map from the name of a source to a signed adjustment."""

    name: Name
    rows: tuple[MapRow, ...]


@dataclass(frozen=True, slots=True)
class EnvironmentRow(Node):
    """`if condition then adjustment`."""

    condition: Expression
    adjustment: Number


@dataclass(frozen=True, slots=True)
class EnvironmentTable(Node):
    """A table whose matching rows add up."""

    name: Name
    rows: tuple[EnvironmentRow, ...]


@dataclass(frozen=True, slots=True)
class Scalar(Node):
    """A named value of a profile."""

    name: Name
    value: Expression


ProfileEntry: TypeAlias = SourceMap | EnvironmentTable | Scalar


@dataclass(frozen=True, slots=True)
class Profile(Node):
    """Named tables and values that rules of the pack read as `profile.<name>.<entry>`."""

    name: Name
    entries: tuple[ProfileEntry, ...]


@dataclass(frozen=True, slots=True)
class Rule(Node):
    """A rule; of the whole release where `release` is set. No priority written means the default."""

    name: Name
    condition: Expression
    actions: tuple[Action, ...]
    otherwise: tuple[Action, ...] = ()
    because: Text | None = None
    priority: int | None = None
    release: bool = False


@dataclass(frozen=True, slots=True)
class PolicyTest(Node):
    """A `test` block: facts given, conditions on the verdict expected."""

    name: Text
    given: tuple[Entry, ...]
    expectations: tuple[Expression, ...]


Section: TypeAlias = Metadata | Settings | Declare | Profile | Rule | PolicyTest


@dataclass(frozen=True, slots=True)
class PolicyFile(Node):
    """One file: the policy's name, the syntax it is written in, its sections in order."""

    name: Text
    syntax: Text
    sections: tuple[Section, ...]
