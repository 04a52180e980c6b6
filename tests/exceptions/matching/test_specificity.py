"""The points of every dimension, added up; the best value of one dimension counts, and counts once."""

import pytest

from exceptions.matching.scope import PackageScope, Scope
from exceptions.matching.specificity import specificity
from tests.exceptions.matching.wording import CVE, DIGEST, LODASH, OTHER_DIGEST, packages


@pytest.mark.parametrize(
    "scope,points",
    [
        (Scope(), 5),
        (Scope(digests=(DIGEST,)), 105),
        (packages(LODASH), 85),
        (packages("pkg:deb/debian/openssl@1.1?epoch=1"), 85),
        (packages("pkg:npm/lodash"), 55),
        (packages("pkg:npm/lodash", versions="vers:npm/<5.0.0"), 55),
        (packages("pkg:npm/lod*"), 54),
        (packages("pkg:maven/org.*/log4j-*@2.?"), 52),
        (packages("pkg:npm/" + "*a" * 60), 5),
        (packages("pkg:npm/lodash", versions="nonsense"), 55),
        (packages("nonsense"), 5),
        (Scope(vulnerabilities=(CVE,)), 45),
        (Scope(rules=("baseline/*",)), 35),
        (Scope(environments=("production",)), 25),
        (Scope(services=("checkout",)), 20),
        (Scope(artifacts=("shop/*",)), 15),
        (Scope(labels=(("team", "shop"),)), 15),
        (Scope(artifacts=("shop/*",), labels=(("team", "shop"),)), 15),
    ],
)
def test_each_dimension_has_its_points(scope: Scope, points: int) -> None:
    assert specificity(scope) == points


def test_the_dimensions_add_up() -> None:
    everything = Scope(
        vulnerabilities=(CVE,),
        packages=(PackageScope(LODASH),),
        digests=(DIGEST,),
        artifacts=("shop/*",),
        labels=(("team", "shop"),),
        services=("checkout",),
        environments=("production",),
        rules=("baseline/*",),
    )

    assert specificity(everything) == 100 + 80 + 40 + 30 + 20 + 15 + 10 + 5


def test_of_several_values_the_best_counts_once() -> None:
    several = Scope(packages=(PackageScope("pkg:npm/*"), PackageScope(LODASH)), digests=(DIGEST, OTHER_DIGEST))

    assert specificity(several) == 100 + 80 + 5
