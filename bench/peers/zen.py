"""zen-engine: a compiled expression in Rust."""

from collections.abc import Mapping

from bench.peers import Judge
from bench.peers.expressions import expression

NAME = "zen-engine"


def judge() -> Judge:
    from zen import compile_expression

    compiled = compile_expression(expression(conjunction="and", disjunction="or"))

    def decide(finding: Mapping[str, object]) -> str:
        return str(compiled.evaluate(finding))

    return decide
