"""How fast one finding is decided: ours beside a hand-written function and every peer that is installed.

All contenders judge the same seeded findings and must agree before anything is measured. They take turns, round by
round, so that a busy machine slows all of them; the ratios are medians of the ratios of single rounds.
"""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from bench.findings import complete, named, underscored, with_gaps
from bench.handwritten import judge as judge_by_hand
from bench.peers import installed
from bench.policies import indexed_rules, twelve_rules
from bench.tables import print_table
from policies.language.program import Program
from policies.language.types import Facts

_ROUNDS = 15
_SECONDS = 0.04
_FINDINGS = 5_000
_CHECKED = 500


@dataclass(slots=True)
class Contender:
    """Something that decides findings, the findings in the shape it takes, and its rate in each round."""

    name: str
    decide: Callable[[Any], Any]
    findings: Sequence[Any]
    rates: list[float] = field(default_factory=list)

    def measure(self) -> None:
        """Decide findings for a while and note how many there were in a second."""
        decide, batch = self.decide, self.findings[: self.batch]
        count, began = 0, time.perf_counter()
        while (took := time.perf_counter() - began) < _SECONDS:
            for finding in batch:
                decide(finding)
            count += len(batch)
        self.rates.append(count / took)

    @property
    def batch(self) -> int:
        """How many findings are decided before the clock is looked at again; few at first, and few for the slow."""
        return max(20, min(len(self.findings), int(self.rate * _SECONDS / 4))) if self.rates else 20

    @property
    def rate(self) -> float:
        """The median rate, in findings a second."""
        return statistics.median(self.rates)

    def ratio_to(self, other: "Contender") -> float:
        """Return how many times as fast this is as another: the median over rounds."""
        return statistics.median(mine / theirs for mine, theirs in zip(self.rates, other.rates, strict=True))


def main() -> None:
    """Measure and print every table."""
    _against_peers()
    _with_unknown_facts()
    _indexed()


def _race(contenders: Sequence[Contender]) -> None:
    """Let all take turns; a first round, in which caches fill and rates become known, is forgotten."""
    for contender in contenders:
        for finding in contender.findings[:_CHECKED]:
            contender.decide(finding)
        contender.measure()
    for _ in range(_ROUNDS):
        for contender in contenders:
            contender.measure()
    for contender in contenders:
        del contender.rates[0]


def _against_peers() -> None:
    program, findings = twelve_rules(), complete(_FINDINGS)
    _assert_agreement_by_hand(program, findings)
    ours = Contender("stellapolicy", program.evaluate, findings)
    by_hand = Contender("a hand-written function", judge_by_hand, findings)
    peers, absent = installed()
    plain = underscored(findings)
    contenders = [Contender(peer.name, peer.judge, [peer.shaped(one) for one in plain]) for peer in peers]
    for contender in contenders:
        _assert_agreement(program, findings, contender)
    _race([ours, by_hand, *contenders])
    rows = [_row(contender, ours) for contender in (ours, by_hand, *sorted(contenders, key=lambda one: -one.rate))]
    print_table(
        "Deciding one finding by 12 rules, every fact known", ("", "findings/s", "ours is … times as fast"), rows
    )
    for reason in absent:
        print(f"\nSkipped, not installed: {reason}")
    if contenders:
        best = max(contenders, key=lambda one: one.rate)
        print(f"\nOurs against the best peer ({best.name}): {ours.ratio_to(best):.2f} (aim: 2.5)")
    print(f"\nOurs against the hand-written function: {ours.ratio_to(by_hand):.2f} (aim: 0.8)")


def _with_unknown_facts() -> None:
    program, findings = twelve_rules(), with_gaps(_FINDINGS)
    _assert_agreement_by_hand(program, findings)
    ours = Contender("stellapolicy", program.evaluate, findings)
    by_hand = Contender("a hand-written function", judge_by_hand, findings)
    _race([ours, by_hand])
    rows = [_row(ours, ours), _row(by_hand, ours)]
    print_table("The same, one fact in seven unknown", ("", "findings/s", "ours is … times as fast"), rows)


def _indexed() -> None:
    contenders = []
    for count in (10, 100, 1_000):
        program, findings = indexed_rules(count), named(_FINDINGS, count)
        contenders.append(Contender(f"{count:,} rules", program.evaluate, findings))
    _race(contenders)
    few, many = contenders[0], contenders[-1]
    rows = [(one.name, f"{1e6 / one.rate:.2f} µs", f"{few.ratio_to(one):.2f}") for one in contenders]
    print_table("Rules that each name one vulnerability", ("", "a finding", "times 10 rules"), rows)
    print(f"\n1,000 indexed rules cost {few.ratio_to(many):.2f} times what 10 do (aim: at most 2)")


def _row(contender: Contender, ours: Contender) -> tuple[str, ...]:
    return contender.name, f"{contender.rate:,.0f}", f"{ours.ratio_to(contender):.2f}"


def _assert_agreement_by_hand(program: Program, findings: Sequence[Facts]) -> None:
    """Hold the hand-written function to everything a verdict says of rules."""
    for facts in findings[:_CHECKED]:
        ours, other = program.evaluate(facts), judge_by_hand(facts)
        matched = sorted(name.partition("/")[2] for name in ours.matched_rules)
        if (ours.status, ours.undecided, matched) != (other.status, other.undecided, sorted(other.matched)):
            raise AssertionError(f"{facts}: {ours} by the program, {other} by hand")


def _assert_agreement(program: Program, findings: Sequence[Facts], contender: Contender) -> None:
    for facts, shaped in zip(findings[:_CHECKED], contender.findings, strict=False):
        ours, theirs = program.evaluate(facts).status, contender.decide(shaped)
        if ours != theirs:
            raise AssertionError(f"{facts}: {ours} by the program, {theirs} by {contender.name}")


if __name__ == "__main__":
    main()
