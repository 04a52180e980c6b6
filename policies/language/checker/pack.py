"""A whole pack: its files checked together, because they share settings, signals, profiles and one program."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from policies.language import tree
from policies.language.canonical import in_order
from policies.language.checker.actions import check_actions, check_release_actions
from policies.language.checker.expressions import check_truth
from policies.language.checker.policy_tests import CheckedTest, check_test
from policies.language.checker.profiles import Profiles
from policies.language.checker.scope import Names, Place, Scope
from policies.language.checker.settings import GatheredSettings, declare
from policies.language.checker.size import Sizes
from policies.language.diagnostics import Diagnostic, Gathering
from policies.language.limits import Limits
from policies.language.ruleset import DEFAULT_PRIORITY, Effect, ProgramRule, Ruleset
from policies.language.source import Source
from policies.language.terms import ALWAYS, Term

_Section = TypeVar("_Section", bound=tree.Section)


@dataclass(frozen=True, slots=True)
class WrittenRule:
    """A rule as it was written, for whatever has to be said about it later."""

    source: Source
    node: tree.Rule


@dataclass(frozen=True, slots=True)
class CheckedPack:
    """What the checker makes of a pack. With an error among the diagnostics the ruleset may lack pieces."""

    ruleset: Ruleset
    tests: tuple[CheckedTest, ...]
    written: Mapping[str, WrittenRule]
    names: Names
    profiles: Profiles
    policies: tuple[tuple[Source, tree.PolicyFile], ...]
    diagnostics: tuple[Diagnostic, ...]


@dataclass(slots=True)
class _Checking:
    """One check of one pack."""

    scopes: list[tuple[Scope, tree.PolicyFile]]
    names: Names
    profiles: Profiles
    settings: GatheredSettings = field(default_factory=GatheredSettings)
    rules: dict[str, ProgramRule] = field(default_factory=dict)
    release_rules: dict[str, ProgramRule] = field(default_factory=dict)
    written: dict[str, WrittenRule] = field(default_factory=dict)
    tests: list[CheckedTest] = field(default_factory=list)

    def run(self) -> None:
        """Check everything, what others refer to first."""
        self._policies()
        self._each(tree.Settings, lambda scope, _, section: self.settings.add(scope, section))
        self._each(tree.Declare, lambda scope, _, section: declare(scope, section))
        self._each(tree.Profile, lambda scope, _, section: self.profiles.add(scope, section))
        self._each(tree.Rule, self._rule)
        self._each(tree.PolicyTest, self._test)
        self.profiles.read_all()

    def _each(self, kind: type[_Section], deed: Callable[[Scope, str, _Section], None]) -> None:
        for scope, file in self.scopes:
            for section in file.sections:
                if isinstance(section, kind):
                    deed(scope, file.name.value, section)

    def _policies(self) -> None:
        seen: set[str] = set()
        for scope, file in self.scopes:
            if file.name.value in seen:
                scope.gathering.report(
                    "E307", file.name.span, f"there is a second policy `{file.name.value}` in this pack"
                )
            seen.add(file.name.value)

    def _rule(self, scope: Scope, policy: str, section: tree.Rule) -> None:
        name = f"{policy}/{section.name.text}"
        if name in self.written:
            scope.gathering.report("E307", section.name.span, f"there is a second rule `{name}`")
            return
        self.written[name] = WrittenRule(scope.gathering.source, section)
        condition = self._condition(scope, section)
        then, otherwise = _effects(scope, section, condition)
        priority = DEFAULT_PRIORITY if section.priority is None else section.priority
        because = None if section.because is None else section.because.value
        rule = ProgramRule(name, priority, ALWAYS if condition is None else condition, then, otherwise, because)
        (self.release_rules if section.release else self.rules)[name] = rule

    def _condition(self, scope: Scope, rule: tree.Rule) -> Term | None:
        found = check_truth(scope.at(Place.RELEASE) if rule.release else scope, rule.condition)
        fits = found is not None and self.profiles.sizes.fits(scope, found, rule.condition.span)
        return found if fits else None

    def _test(self, scope: Scope, policy: str, section: tree.PolicyTest) -> None:
        test = check_test(scope, policy, section)
        if any(test.name == other.name and test.policy == other.policy for other in self.tests):
            scope.gathering.report("E307", section.name.span, f'there is a second test "{test.name}"')
        self.tests.append(test)


def _effects(scope: Scope, rule: tree.Rule, condition: Term | None) -> tuple[tuple[Effect, ...], tuple[Effect, ...]]:
    if rule.release:
        return check_release_actions(scope, rule.actions), check_release_actions(scope, rule.otherwise)
    return check_actions(scope, rule.actions, condition), check_actions(scope, rule.otherwise, condition)


def check_pack(
    files: Sequence[tuple[Source, tree.PolicyFile]], limits: Limits, groups: frozenset[str] = frozenset()
) -> CheckedPack:
    """Return the ruleset of a pack with its tests and every mistake in it; raises nothing.

    `groups` names the optional groups of facts that a source delivers.
    """
    names = Names(groups)
    profiles = Profiles(Sizes())
    scopes = [
        (Scope(Place.FINDING, names, profiles, Gathering(source, limits.mistakes), limits), file)
        for source, file in files
    ]
    checking = _Checking(scopes, names, profiles)
    checking.run()
    return CheckedPack(
        ruleset=_ruleset(checking),
        tests=tuple(checking.tests),
        written=checking.written,
        names=names,
        profiles=profiles,
        policies=tuple(files),
        diagnostics=tuple(_diagnostics(scopes)),
    )


def _ruleset(checking: _Checking) -> Ruleset:
    return Ruleset(
        settings=checking.settings.settings,
        signals=dict(sorted(checking.names.signals.items())),
        maps=checking.profiles.used_maps(),
        rules=in_order(tuple(checking.rules.values())),
        release_rules=in_order(tuple(checking.release_rules.values())),
    )


def _diagnostics(scopes: Sequence[tuple[Scope, tree.PolicyFile]]) -> Iterator[Diagnostic]:
    for scope, _ in scopes:
        yield from scope.gathering.diagnostics()
