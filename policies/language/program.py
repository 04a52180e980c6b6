"""Programs: compiled policies, named by the digest of what they mean."""

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from threading import Lock
from typing import Final

from policies.language.canonical import read_ruleset, write_ruleset
from policies.language.compiler import truths, values
from policies.language.compiler.decision import DecisionWriter, Refuse, bind, decision_of
from policies.language.compiler.layout import lay_out
from policies.language.compiler.missing import Gaps
from policies.language.compiler.unit import FACTS, FINDINGS, Body, Unit
from policies.language.evaluator.explainer import Explainer
from policies.language.evaluator.outcomes import Outcomes
from policies.language.evaluator.release import Judged, ReleaseRules, predicates_of
from policies.language.facts import FactsRefused, from_json, mistyped
from policies.language.ruleset import SEVERITY_PATH, ProgramRule, Ruleset, Settings, reads_of_rules, terms_of
from policies.language.terms import Constant, Term
from policies.language.trace import Trace, Truth
from policies.language.types import Facts, Type
from policies.language.verdict import ReleaseVerdict, Verdict
from stellapolicy.kernel import digest
from stellapolicy.kernel.canonical_json import JsonValue

_MOST_CACHED: Final = 64


class Program:
    """A compiled policy: `evaluate` decides one finding, `explain` says why, `evaluate_release` judges all of them.

    Equal programs have equal digests on every machine. Nothing here reads a clock, a network or a database, and many
    threads may use one program. `evaluate(facts)` is the generated function itself; it raises FactsRefused for facts
    that are not of their types.
    """

    def __init__(self, ruleset: Ruleset) -> None:
        self._ruleset = ruleset
        self.canonical: Mapping[str, JsonValue] = write_ruleset(ruleset)
        self.digest: str = digest.of_json(self.canonical)
        self.reads: frozenset[str] = reads_of_rules(ruleset.rules) | {SEVERITY_PATH}
        self.release_reads: frozenset[str] = reads_of_rules(ruleset.release_rules)
        unit = Unit(ruleset.maps)
        names = _write_values(unit, ruleset.rules)
        layout = lay_out(ruleset.rules, ruleset.settings)
        DecisionWriter(unit, layout).write()
        self._outcomes = Outcomes(ruleset, self.digest, Gaps(ruleset.maps, tuple(sorted(self.reads))))
        bind(unit, self._outcomes.finish, _refuse(ruleset.signals), self._outcomes.known)
        functions = decision_of(unit)
        self.evaluate: Callable[[Facts], Verdict] = functions.decide
        self._outcomes.begin(layout, {term: functions.others[name] for term, name in names.items()})
        self._explainer: Explainer | None = None
        self._release: ReleaseRules | None = None

    @classmethod
    def from_canonical(cls, document: JsonValue) -> "Program":
        """Return the program of a canonical JSON, without its source; the most recent ones are kept by digest.

        Raises ProgramRefused for JSON that is no canonical program.
        """
        return cached(read_ruleset(document))

    @property
    def settings(self) -> Settings:
        """The settings the policies agree on."""
        return self._ruleset.settings

    @property
    def rules(self) -> tuple[ProgramRule, ...]:
        """The rules of findings, by priority and name."""
        return self._ruleset.rules

    @property
    def release_rules(self) -> tuple[ProgramRule, ...]:
        """The rules of the release, by priority and name."""
        return self._ruleset.release_rules

    @property
    def signals(self) -> Mapping[str, Type]:
        """The declared signals and their types."""
        return self._ruleset.signals

    @property
    def maps(self) -> Mapping[str, Mapping[str, float]]:
        """The source maps that rules look adjustments up in."""
        return self._ruleset.maps

    def read_facts(self, document: Mapping[str, JsonValue]) -> Facts:
        """Return facts read from flat JSON, signals by their declared types; raises FactsRefused."""
        return from_json(document, signals=self.signals)

    def explain(self, facts: Facts) -> tuple[Verdict, Trace]:
        """Return the verdict on these facts, equal to that of `evaluate`, and the trace that leads to it."""
        return self._explaining().explain(facts)

    def truth(self, rule: ProgramRule, facts: Facts) -> Truth:
        """Return the truth of the condition of one of this program's rules."""
        return self._explaining().truth(rule.condition, facts)

    def _explaining(self) -> Explainer:
        if self._explainer is None:
            self._explainer = Explainer(self._ruleset, self._outcomes)
        return self._explainer

    def evaluate_release(self, findings: Sequence[Judged]) -> ReleaseVerdict:
        """Return what the release rules say of all findings, each with its facts and its verdict."""
        if self._release is None:
            self._release = _compile_release(self._ruleset, self.digest)
        return self._release.evaluate(findings)


class _Programs:
    """The programs compiled last in this process, by digest."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._kept: OrderedDict[str, Program] = OrderedDict()

    def of(self, ruleset: Ruleset) -> Program:
        """Return the program of a ruleset, compiled unless it is kept."""
        name = digest.of_json(write_ruleset(ruleset))
        with self._lock:
            known = self._kept.get(name)
            if known is not None:
                self._kept.move_to_end(name)
                return known
        program = Program(ruleset)
        with self._lock:
            self._kept[name] = program
            while len(self._kept) > _MOST_CACHED:
                self._kept.popitem(last=False)
        return program


_PROGRAMS: Final = _Programs()


def cached(ruleset: Ruleset) -> Program:
    """Return the program of a ruleset; the same program is compiled once and shared."""
    return _PROGRAMS.of(ruleset)


def _write_values(unit: Unit, rules: Sequence[ProgramRule]) -> dict[Term, str]:
    """Write a function for every term that an effect computes; return their names."""
    body = Body(unit, (FACTS,))
    computed = (term for rule in rules for effect in rule.effects for term in terms_of(effect))
    return {term: values.value_function(body, term, (FACTS,)) for term in computed if not isinstance(term, Constant)}


def _refuse(signals: Mapping[str, Type]) -> Refuse:
    def refuse(facts: Facts) -> Verdict:
        """Say which facts have the wrong type; runs while the mistake they caused is being dealt with."""
        faults = mistyped(facts, signals)
        if not faults:
            raise  # noqa: PLE0704 - called from the `except` of the deciding function: a mistake of ours, not of the facts
        raise FactsRefused(f"{len(faults)} facts are not of their type", faults=faults)

    return refuse


def _compile_release(ruleset: Ruleset, program_digest: str) -> ReleaseRules:
    unit = Unit(ruleset.maps)
    body = Body(unit, (FINDINGS,))
    conditions = {rule.name: truths.predicate(body, rule.condition, (FINDINGS,)) for rule in ruleset.release_rules}
    asked = predicates_of(ruleset.release_rules)
    predicates = {term: truths.predicate(body, term, (FACTS,)) for term in asked}
    functions = unit.compiled()
    return ReleaseRules(
        rules=ruleset.release_rules,
        settings=ruleset.settings,
        digest=program_digest,
        conditions={name: functions[at] for name, at in conditions.items()},
        predicates={term: functions[at] for term, at in predicates.items()},
        gaps=Gaps(ruleset.maps, tuple(sorted(reads_of_rules(ruleset.release_rules)))),
    )
