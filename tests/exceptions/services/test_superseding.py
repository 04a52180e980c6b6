"""What an approved exception overtakes: requests that it says all of, and no others."""

from datetime import timedelta

from exceptions.matching.scope import PackageScope, Scope
from exceptions.rules.vocabulary import ExceptionType
from tests.exceptions.desk import Desk, fresh
from tests.factories import NOON
from tests.gates.conftest import Shop
from tests.reports import Vuln, trivy

HOUR = timedelta(hours=1)
LODASH = PackageScope("pkg:npm/lodash")
LOW = Vuln("CVE-2024-1", "lodash", severity="LOW", score=3.1)
MEDIUM = Vuln("CVE-2024-2", "lodash", severity="MEDIUM", score=5.1)


def test_a_request_about_something_worse_is_not_overtaken_by_a_milder_approval(in_shop: Shop, desk: Desk) -> None:
    in_shop.ask("shop/api", trivy("shop/api", [LOW], scanned_at=NOON - 2 * HOUR))
    wide = desk.ask(type=ExceptionType.COMPONENT, scope=Scope(packages=(LODASH,)), days=20)
    in_shop.ask("shop/api", trivy("shop/api", [LOW, MEDIUM], scanned_at=NOON - HOUR))
    about_the_worse = Scope(vulnerabilities=(MEDIUM.id,), packages=(LODASH,))
    worse = desk.ask(type=ExceptionType.COMPONENT, scope=about_the_worse, days=10)

    wide = desk.approve(wide)

    assert (wide.state, wide.level) == ("active", "a1")
    assert fresh(worse).state == "proposed"
