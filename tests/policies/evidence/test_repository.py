"""What a report calls its artifact, and whether a claimed name agrees."""

import pytest

from policies.evidence.repository import contradicts, name_of, stated_repositories
from policies.importers.records import ReportSubject
from tests.reports import digest_of

OURS, OTHER = digest_of("ours"), digest_of("other")
SHOP = "registry.example/shop/api"


@pytest.mark.parametrize(
    "subject,stated",
    [
        (ReportSubject(references=(f"{SHOP}@{OURS}",), tags=("elsewhere/api:1",)), (SHOP,)),
        (ReportSubject(references=(f"{SHOP}@{OTHER}",), tags=(f"{SHOP}:2",)), (SHOP,)),
        (ReportSubject(purl=f"pkg:oci/api@{OURS}?repository_url={SHOP}"), (SHOP,)),
        (ReportSubject(purl="pkg:docker/shop/api@1"), ("shop/api",)),
        (ReportSubject(purl="pkg:docker/shop/api@1?repository_url=registry.example"), (SHOP,)),
        (ReportSubject(kind="container_image", name=f"{SHOP}:1"), (SHOP,)),
        (ReportSubject(kind="container_image", name="localhost:5000/api"), ("localhost:5000/api",)),
        (ReportSubject(kind="container_image", name="build/api.tar.gz", tags=("api:1", "api:2")), ("api",)),
        (ReportSubject(kind="container_image", name="build/api.tar"), ()),
        (ReportSubject(kind="repository", name="src/api"), ()),
        (ReportSubject(kind="application", name="checkout", purl="pkg:npm/checkout@1"), ()),
        (ReportSubject(), ()),
    ],
)
def test_the_surest_word_of_a_report_names_the_repository(subject: ReportSubject, stated: tuple[str, ...]) -> None:
    assert stated_repositories(subject, OURS) == stated


@pytest.mark.parametrize(
    "claimed,stated,refused",
    [
        (SHOP, [SHOP], False),
        (f"{SHOP}:1", [SHOP], False),
        (f"{SHOP}@{OURS}", [SHOP], False),
        ("shop/api", [SHOP], False),
        (SHOP, ["shop/api"], False),
        ("nginx", ["docker.io/library/nginx"], False),
        ("docker.io/nginx", ["index.docker.io/library/nginx"], False),
        ("", [SHOP], False),
        ("build/pay.tar.gz", [SHOP], False),
        (SHOP, [], False),
        (SHOP, ["registry.example/pay/api", SHOP], False),
        ("pay/api", [SHOP], True),
        ("api-gateway", ["gateway"], True),
        ("registry.example/pay", [SHOP], True),
    ],
)
def test_a_name_that_agrees_with_no_stated_repository_contradicts(
    claimed: str,
    stated: list[str],
    refused: bool,  # noqa: FBT001
) -> None:
    assert contradicts(claimed, stated) is refused


@pytest.mark.parametrize(
    "claimed,stated,called",
    [
        (f"{SHOP}:1", [SHOP], f"{SHOP}:1"),
        ("registry.example/shop/api", ["api"], "api"),
        ("api", [SHOP], SHOP),
        ("", [SHOP], SHOP),
        ("build/api.tar.gz", [SHOP], SHOP),
        ("build/api.tar.gz", [], "build/api.tar.gz"),
        ("shop/api", [], "shop/api"),
    ],
)
def test_an_artifact_is_called_what_its_report_says(claimed: str, stated: list[str], called: str) -> None:
    assert name_of(claimed, stated) == called
