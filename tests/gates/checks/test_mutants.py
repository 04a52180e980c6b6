"""Every check broken on purpose is caught: by a worked example, or by a law."""

import pytest
from hypothesis import Phase, find, settings
from hypothesis.errors import NoSuchExample

from gates.checks.base import CheckKind, Tier
from gates.checks.chain import step
from tests.gates.checks.laws import LAWS, Pair, fact_forgotten
from tests.gates.checks.mutants import MUTANTS, Mutant
from tests.gates.checks.test_examples import EXAMPLES, contradicts
from tests.gates.checks.test_laws import decide

SEARCH = settings(max_examples=1_000, database=None, derandomize=True, phases=[Phase.generate], deadline=None)


def _title(mutant: Mutant) -> str:
    return f"{mutant.check} {mutant.title}"


def _is_unlawful(mutant: Mutant) -> bool:
    """Whether some generated pair shows that the check alone, broken as it is now, breaks the law."""
    law = LAWS[mutant.law or ""]
    pairs = fact_forgotten((mutant.fact,)) if mutant.fact else law.pairs
    chains = [(step(mutant.check, tier),) for tier in (Tier.PRODUCTION, Tier.STAGING)]

    def shown(pair: Pair) -> bool:
        return any(not law.holds(decide(chain, pair[0]), decide(chain, pair[1])) for chain in chains)

    try:
        find(pairs, shown, settings=SEARCH)
    except NoSuchExample:
        return False
    return True


@pytest.mark.parametrize("mutant", MUTANTS, ids=_title)
def test_a_check_broken_on_purpose_contradicts_an_example(mutant: Mutant, monkeypatch: pytest.MonkeyPatch) -> None:
    mutant.apply(monkeypatch)

    assert any(contradicts(example) for example in EXAMPLES if example.check is mutant.check)


@pytest.mark.parametrize("mutant", [one for one in MUTANTS if one.law], ids=_title)
def test_a_check_broken_on_purpose_breaks_its_law(mutant: Mutant, monkeypatch: pytest.MonkeyPatch) -> None:
    mutant.apply(monkeypatch)

    assert _is_unlawful(mutant)


def test_every_check_has_mutants() -> None:
    assert {mutant.check for mutant in MUTANTS} == set(CheckKind)
