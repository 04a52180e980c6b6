"""common-expression-language: CEL in Rust."""

from collections.abc import Mapping

from bench.peers import Judge
from bench.peers.expressions import expression

NAME = "common-expression-language"


def judge() -> Judge:
    import cel

    compiled = cel.compile(expression(conjunction="&&", disjunction="||"))

    def decide(finding: Mapping[str, object]) -> str:
        return str(compiled.execute(finding))

    return decide
