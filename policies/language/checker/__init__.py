"""From trees to a ruleset: names resolved, types agreed, every mistake reported at once."""

from policies.language.checker.pack import CheckedPack, WrittenRule, check_pack
from policies.language.checker.policy_tests import CheckedTest, Expectation

__all__ = ["CheckedPack", "CheckedTest", "Expectation", "WrittenRule", "check_pack"]
