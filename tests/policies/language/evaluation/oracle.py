"""The oracle: what a verdict must say, worked out slowly from the tree, as the language is specified.

Possible statuses are listed one by one where the product keeps bounds; nothing is indexed, cached or generated.
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from policies.language import tree
from policies.language.facts import CATALOGUE
from policies.language.tree import Comparator
from policies.language.verdict import STATUS_WORDS, Status
from tests.policies.language.evaluation.oracle_values import SCALE, Rank, Reading, paths_read, rank


@dataclass
class Possible:
    """Every status a branch may assign; None among them is nothing at all."""

    statuses: frozenset[Status | None]

    @property
    def surely(self) -> Status | None:
        return None if None in self.statuses else min(self._assigned, key=lambda status: status.restrictiveness)

    @property
    def at_most(self) -> Status | None:
        return max(self._assigned, key=lambda status: status.restrictiveness, default=None)

    @property
    def _assigned(self) -> list[Status]:
        return [status for status in self.statuses if status is not None]


@dataclass
class Expected:
    """What the verdict must say."""

    status: Status
    worst: Status
    undecided: bool
    rule: str | None
    matched_rules: tuple[str, ...]
    unknown_facts: tuple[str, ...]
    messages: tuple[str, ...]
    severity: str
    score: float | None
    confidence: float | None
    annotations: tuple[tuple[str, Any], ...]


@dataclass
class Policy:
    """A policy file read for the oracle."""

    file: tree.PolicyFile
    default_status: Status = Status.PASS
    on_unknown: Status = Status.WARNED
    profiles: dict[str, tree.ProfileEntry] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for section in self.file.sections:
            if isinstance(section, tree.Profile):
                for entry in section.entries:
                    self.profiles[f"profile.{section.name.text}.{entry.name.text}"] = entry
            if isinstance(section, tree.Settings):
                for setting in section.entries:
                    assert isinstance(setting.value, tree.Text)
                    status = STATUS_WORDS[setting.value.value]
                    assert status is not None
                    setattr(self, setting.path.dotted, status)

    def rules(self) -> list[tree.Rule]:
        found = [section for section in self.file.sections if isinstance(section, tree.Rule) and not section.release]
        return sorted(found, key=lambda rule: (self.priority(rule), rule.name.text))

    @staticmethod
    def priority(rule: tree.Rule) -> int:
        return 100 if rule.priority is None else rule.priority

    def judge(self, facts: Mapping[str, Any]) -> Expected:
        """Return what the verdict on these facts must say."""
        return _Judgement(self, Reading(self.profiles, facts)).expected()


class _Judgement:
    def __init__(self, policy: Policy, reading: Reading) -> None:
        self.policy = policy
        self.reading = reading
        self.truths = {rule.name.text: reading.value(rule.condition) for rule in policy.rules()}
        self.branches: dict[str, tuple[tree.Rule, tuple[tree.Action, ...]]] = {}
        for rule in policy.rules():
            truth = self.truths[rule.name.text]
            if truth is not None and (truth or rule.otherwise):
                self.branches[rule.name.text] = (rule, rule.actions if truth else rule.otherwise)

    def expected(self) -> Expected:
        stop, reached = self._settle()
        doubts = list(self._doubts(stop))
        worst = max([reached, *(status for _, status in doubts)], key=lambda status: status.restrictiveness)
        undecided = worst is not reached
        above = [rule for rule, status in doubts if status.restrictiveness > reached.restrictiveness]
        if undecided:
            first = min(
                (rule for rule, status in doubts if status is worst),
                key=lambda rule: (self.policy.priority(rule), rule.name.text),
            )
            deciding: str | None = first.name.text
        else:
            deciding = self._deciding(stop, reached)
        status = reached
        if undecided and self.policy.on_unknown.restrictiveness > reached.restrictiveness:
            status = self.policy.on_unknown
        applied = [
            name
            for name, (rule, actions) in self.branches.items()
            if stop is None or self.policy.priority(rule) <= stop or not all(map(_only_status, actions))
        ]
        severity = self._target(applied, "severity", max)
        stated = self.reading.facts.get("severity.normalized")
        return Expected(
            status=status,
            worst=worst,
            undecided=undecided,
            rule=deciding,
            matched_rules=tuple(sorted(name for name in applied if self.truths[name])),
            unknown_facts=self._missing(above) if undecided else (),
            messages=self._messages(applied),
            severity=SCALE[severity.place] if severity is not None else stated or "unknown",
            score=self._target(applied, "score", max),
            confidence=self._target(applied, "confidence", min),
            annotations=self._annotations(applied),
        )

    def _settle(self) -> tuple[int | None, Status]:
        by_priority = itertools.groupby(self.branches.values(), key=lambda pair: self.policy.priority(pair[0]))
        for priority, group in by_priority:
            certain = [status for _, actions in group if (status := self._possible(actions).surely) is not None]
            if certain:
                return priority, max(certain, key=lambda status: status.restrictiveness)
        return None, self.policy.default_status

    def _doubts(self, stop: int | None) -> Iterator[tuple[tree.Rule, Status]]:
        for rule in self.policy.rules():
            if stop is not None and self.policy.priority(rule) > stop:
                continue
            if self.truths[rule.name.text] is None:
                worst = [self._worst(actions) for actions in (rule.actions, rule.otherwise)]
                statuses = [status for status in worst if status is not None]
                if statuses:
                    yield rule, max(statuses, key=lambda status: status.restrictiveness)
            elif rule.name.text in self.branches:
                possible = self._possible(self.branches[rule.name.text][1])
                if len(possible.statuses) > 1 and possible.at_most is not None:
                    yield rule, possible.at_most

    def _deciding(self, stop: int | None, reached: Status) -> str | None:
        names = [
            name
            for name, (rule, actions) in self.branches.items()
            if self.policy.priority(rule) == stop and self._possible(actions).surely is reached
        ]
        return min(names, default=None)

    def _possible(self, actions: Sequence[tree.Action]) -> Possible:
        """Every combination of what the actions may do."""
        options = [self._statuses(action) for action in actions if not isinstance(action, tree.Warn)]
        found: set[Status | None] = set()
        for choice in itertools.product(*(option for option in options if option is not None)):
            assigned = [status for status in choice if status is not None]
            found.add(max(assigned, key=lambda status: status.restrictiveness) if assigned else None)
        if any(isinstance(action, tree.Warn) for action in actions):
            found = {Status.WARNED if status is None else status for status in found}
        return Possible(frozenset(found))

    def _worst(self, actions: Sequence[tree.Action]) -> Status | None:
        """The most restrictive status that actions could assign on any facts at all."""
        found: list[Status] = []
        for action in actions:
            match action:
                case tree.Defer() | tree.Block():
                    found.append(Status.BLOCKED)
                case tree.RequireVex():
                    found.append(Status.REQUIRES_VEX)
                case tree.Escalate():
                    found.append(Status.ESCALATED)
                case tree.Ignore():
                    found.append(Status.IGNORED)
                case tree.Warn():
                    found.append(Status.WARNED)
                case tree.Assign(target, value) if target.dotted == "status":
                    words = [value.value] if isinstance(value, tree.Text) else _words(value)
                    found += [status for word in words if (status := STATUS_WORDS[word]) is not None]
                case _:
                    pass
        return max(found, key=lambda status: status.restrictiveness, default=None)

    def _statuses(self, action: tree.Action) -> list[Status | None] | None:  # noqa: PLR0911 - one line for each action
        match action:
            case tree.Block():
                return [Status.BLOCKED]
            case tree.Escalate():
                return [Status.ESCALATED]
            case tree.Ignore(None):
                return [Status.IGNORED]
            case tree.Ignore(until):
                return self._until(until, Status.IGNORED, None)
            case tree.Defer(until):
                return self._until(until, Status.DEFERRED, Status.BLOCKED)
            case tree.RequireVex():
                return self._demanded(action)
            case tree.Assign(target, value) if target.dotted == "status":
                word = self.reading.value(value)
                return [STATUS_WORDS[one] for one in (_words(value) if word is None else [word])]
            case _:
                return None

    def _until(self, until: Any, running: Status, over: Status | None) -> list[Status | None]:
        end, now = self.reading.value(until), self.reading.facts.get("run.at")
        if end is None or now is None:
            return [running, over]
        return [running] if now < end else [over]

    def _demanded(self, action: tree.RequireVex) -> list[Status | None]:
        statements = self.reading.facts.get("vex.statements")
        if statements is None:
            return [Status.REQUIRES_VEX, None]
        vendors = {item.value.lower() for item in action.vendors.items if isinstance(item, tree.Text)}
        reasons = {item.value for item in action.justifications.items if isinstance(item, tree.Text)}
        answers = []
        for statement in statements:
            source, reason = statement.get("source"), statement.get("justification")
            parts = [
                None if source is None else source.lower() in vendors,
                None if reason is None else reason in reasons,
            ]
            answers.append(False if False in parts else None if None in parts else True)
        if True in answers:
            return [None]
        return [Status.REQUIRES_VEX, None] if None in answers else [Status.REQUIRES_VEX]

    # --- What else a verdict says -------------------------------------------------------------------------------------

    def _missing(self, rules: list[tree.Rule]) -> tuple[str, ...]:
        found: set[str] = set()
        for rule in rules:
            if self.truths[rule.name.text] is None:
                found |= self._missed(rule.condition)
            else:
                found |= self._missed_by_actions(rule)
        return tuple(sorted(found))

    def _missed(self, node: tree.Expression) -> set[str]:
        match node:
            case tree.And(operands) | tree.Or(operands):
                return set().union(*(self._missed(one) for one in operands if self.reading.value(one) is None))
            case tree.Not(operand):
                return self._missed(operand)
            case tree.Comparison(asked, Comparator.EQUAL | Comparator.NOT_EQUAL, tree.Boolean()):
                return self._missed(asked)
            case tree.Comparison(tree.Boolean(), Comparator.EQUAL | Comparator.NOT_EQUAL, asked):
                return self._missed(asked)
            case tree.Path() if node.dotted in self.reading.profiles:
                entry = self.reading.profiles[node.dotted]
                assert isinstance(entry, tree.Scalar)
                return self._missed(entry.value)
            case _:
                return self._gone(self._all_paths(node))

    def _all_paths(self, node: tree.Node) -> set[str]:
        """Every fact read, also through the profiles an expression names."""
        found = paths_read(node)
        for inner in tree.walk(node):
            if isinstance(inner, tree.Path) and inner.dotted in self.reading.profiles:
                entry = self.reading.profiles[inner.dotted]
                if not isinstance(entry, tree.SourceMap):
                    found |= self._all_paths(entry)
        return found

    def _gone(self, paths: set[str]) -> set[str]:
        gone = {path for path in paths if self.reading.facts.get(path) is None}
        return gone or paths

    def _missed_by_actions(self, rule: tree.Rule) -> set[str]:
        """Every fact that the status of a rule with unknown actions rests on."""
        paths: set[str] = set()
        for action in (*rule.actions, *rule.otherwise):
            match action:
                case tree.Assign(target, value) if target.dotted == "status":
                    paths |= self._all_paths(value)
                case tree.Defer(until) | tree.Ignore(tree.Node() as until):
                    paths |= self._all_paths(until) | {"run.at"}
                case tree.RequireVex():
                    paths |= {"vex.statements"}
                case _:
                    pass
        return self._gone(paths)

    def _messages(self, applied: list[str]) -> tuple[str, ...]:
        spoken: dict[str, None] = {}
        for name in applied:
            for action in self.branches[name][1]:
                if isinstance(action, tree.Warn) and action.message is not None:
                    spoken[action.message.value] = None
        return tuple(spoken)

    def _target(self, applied: list[str], target: str, choose: Any) -> Any:
        found: dict[int, list[Any]] = {}
        for name in applied:
            rule, actions = self.branches[name]
            for action in actions:
                if isinstance(action, tree.Assign) and action.target.dotted == target:
                    value = self.reading.value(action.value)
                    value = rank(value) if isinstance(value, str) else value
                    if value is not None:
                        found.setdefault(self.policy.priority(rule), []).append(value)
        return choose(found[min(found)]) if found else None

    def _annotations(self, applied: list[str]) -> tuple[tuple[str, Any], ...]:
        found: dict[str, dict[int, list[Any]]] = {}
        for name in applied:
            rule, actions = self.branches[name]
            for action in actions:
                if isinstance(action, tree.Annotate):
                    value = self.reading.value(action.value)
                    if value is not None:
                        shown = SCALE[value.place] if isinstance(value, Rank) else value
                        by_priority = found.setdefault(action.target.dotted, {})
                        by_priority.setdefault(self.policy.priority(rule), []).append(shown)
        return tuple((path, values[min(values)]) for path, values in sorted(found.items()))


def _words(node: Any) -> Sequence[str]:
    assert isinstance(node, tree.Path)
    return CATALOGUE[node.dotted].words


def _only_status(action: tree.Action) -> bool:
    match action:
        case tree.Annotate() | tree.RequestException():
            return False
        case tree.Warn(message):
            return message is None
        case tree.Assign(target, _):
            return target.dotted == "status"
        case _:
            return True
