import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.importers.ratings import (
    author_of,
    choose,
    distro_of,
    score_tenths,
    severity_of_score,
    severity_of_word,
    standing_of,
    version_of_vector,
    with_derived_severities,
)
from policies.importers.records import Rating, Standing
from stellapolicy.kernel.severity import Severity

VECTOR_31 = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"
VECTOR_2 = "AV:N/AC:L/Au:N/C:P/I:P/A:P"

DEBIAN = Rating("debian", Standing.DISTRO, Severity.LOW)
GHSA = Rating("ghsa", Standing.VENDOR, Severity.MEDIUM, "3.1", VECTOR_31, 53)
NVD = Rating("nvd", Standing.NVD, Severity.CRITICAL, "3.1", VECTOR_31, 98)
SCANNER = Rating("trivy", Standing.SCANNER, Severity.HIGH)
BYSTANDER = Rating("redhat", Standing.BYSTANDER, Severity.NONE)

ratings = st.lists(
    st.builds(
        Rating,
        source=st.sampled_from(["debian", "ghsa", "nvd", "trivy"]),
        standing=st.sampled_from(list(Standing)),
        severity=st.sampled_from(list(Severity)),
        cvss_version=st.sampled_from(["", "2.0", "3.1", "4.0"]),
        vector=st.sampled_from(["", VECTOR_31, VECTOR_2]),
        score_tenths=st.integers(-1, 100),
    ),
    max_size=6,
)


@pytest.mark.parametrize(
    "given_ratings, severity, source",
    [
        ((DEBIAN, GHSA, NVD, SCANNER, BYSTANDER), Severity.LOW, "debian"),
        ((GHSA, NVD, SCANNER, BYSTANDER), Severity.MEDIUM, "ghsa"),
        ((NVD, SCANNER, BYSTANDER), Severity.CRITICAL, "nvd"),
        ((SCANNER, BYSTANDER), Severity.HIGH, "trivy"),
        ((BYSTANDER,), Severity.NONE, "redhat"),
        ((), Severity.UNKNOWN, ""),
    ],
)
def test_the_nearest_author_chooses_the_severity(
    given_ratings: tuple[Rating, ...], severity: Severity, source: str
) -> None:
    choice = choose(given_ratings)

    assert (choice.severity, choice.severity_source) == (severity, source)


def test_an_author_who_does_not_know_leaves_the_word_to_the_next() -> None:
    undecided = Rating("debian", Standing.DISTRO, Severity.UNKNOWN)

    assert choose((undecided, NVD)).severity_source == "nvd"


def test_the_cvss_is_that_of_the_author_of_the_severity() -> None:
    cvss = choose((GHSA, NVD)).cvss

    assert cvss is not None
    assert (cvss.source, cvss.score_tenths) == ("ghsa", 53)


def test_without_a_cvss_of_its_author_it_is_that_of_nvd() -> None:
    cvss = choose((DEBIAN, NVD)).cvss

    assert cvss is not None
    assert (cvss.source, cvss.score_tenths) == ("nvd", 98)


def test_a_bystanders_cvss_is_not_shown_for_somebody_elses_severity() -> None:
    scored = Rating("redhat", Standing.BYSTANDER, Severity.HIGH, "3.1", VECTOR_31, 81)

    assert choose((DEBIAN, scored)).cvss is None


def test_the_newest_cvss_version_of_one_author_is_shown() -> None:
    older = Rating("nvd", Standing.NVD, Severity.HIGH, "2.0", VECTOR_2, 100)
    newest = Rating("nvd", Standing.NVD, Severity.MEDIUM, "4.0", "CVSS:4.0/AV:N", 63)

    choice = choose((older, NVD, newest))

    assert choice.cvss is not None
    assert (choice.cvss.version, choice.severity) == ("4.0", Severity.MEDIUM)


def test_of_two_vendors_the_worse_word_counts() -> None:
    other = Rating("glad", Standing.VENDOR, Severity.HIGH)

    assert choose((GHSA, other)).severity_source == "glad"


@given(ratings, st.randoms(use_true_random=False))
def test_the_order_of_ratings_never_decides(found: list[Rating], chance: object) -> None:
    shuffled = list(found)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]

    assert choose(with_derived_severities(found)) == choose(with_derived_severities(shuffled))
    assert choose(found) == choose(shuffled)


@given(ratings)
def test_a_severity_is_unknown_only_when_nobody_knows_one(found: list[Rating]) -> None:
    choice = choose(found)

    assert (choice.severity is Severity.UNKNOWN) == all(one.severity is Severity.UNKNOWN for one in found)
    assert (choice.severity_source == "") == (choice.severity is Severity.UNKNOWN)


def test_a_score_without_a_word_is_rated_by_its_band() -> None:
    (rating,) = with_derived_severities([Rating("nvd", Standing.NVD, Severity.UNKNOWN, "3.1", VECTOR_31, 98)])

    assert rating.severity is Severity.CRITICAL


def test_an_authors_own_word_is_never_replaced_by_a_band() -> None:
    word = Rating("debian", Standing.DISTRO, Severity.LOW)
    score = Rating("debian", Standing.DISTRO, Severity.UNKNOWN, "3.1", VECTOR_31, 98)

    choice = choose(with_derived_severities([word, score]))

    assert choice.severity is Severity.LOW


def test_a_score_of_zero_without_a_vector_is_no_score_and_never_none() -> None:
    (rating,) = with_derived_severities([Rating("nvd", Standing.NVD, Severity.UNKNOWN, "3.1", "", 0)])

    assert rating.severity is Severity.UNKNOWN


@pytest.mark.parametrize(
    "version, tenths, severity",
    [
        ("3.1", 90, Severity.CRITICAL),
        ("3.1", 0, Severity.NONE),
        ("4.0", 70, Severity.HIGH),
        ("2.0", 100, Severity.HIGH),
        ("2.0", 40, Severity.MEDIUM),
        ("2.0", 39, Severity.LOW),
    ],
)
def test_cvss_v2_has_bands_of_its_own(version: str, tenths: int, severity: Severity) -> None:
    assert severity_of_score(version, tenths) is severity


@pytest.mark.parametrize(
    "word, severity",
    [
        ("Negligible", Severity.LOW),
        ("IMPORTANT", Severity.HIGH),
        ("moderate", Severity.MEDIUM),
        ("none", Severity.NONE),
        ("Unknown", Severity.UNKNOWN),
        ("unassigned", Severity.UNKNOWN),
        ("not yet assigned", Severity.UNKNOWN),
        ("", Severity.UNKNOWN),
    ],
)
def test_every_word_has_one_meaning_and_no_word_means_none_by_accident(word: str, severity: Severity) -> None:
    assert severity_of_word(word) is severity


@pytest.mark.parametrize(
    "name, author",
    [
        ("NVD", "nvd"),
        ("nvd@nist.gov", "nvd"),
        ("nvd:cpe", "nvd"),
        ("github:language:java", "ghsa"),
        ("debian:distro:debian:10", "debian"),
        ("debian:10", "debian"),
        ("oracle-oval", "oracle"),
        ("redhat-csaf-vex", "redhat"),
        ("Acme Inc", "acme inc"),
        ("", ""),
    ],
)
def test_every_author_has_one_name(name: str, author: str) -> None:
    assert author_of(name) == author


def test_a_distribution_speaks_for_its_own_packages_only() -> None:
    assert standing_of("redhat", distros={"redhat"}, advisory="", scanner="trivy") is Standing.DISTRO
    assert standing_of("redhat", distros={"alpine"}, advisory="", scanner="trivy") is Standing.BYSTANDER


def test_whoever_published_the_advisory_is_its_vendor() -> None:
    assert standing_of("bitnami", distros=(), advisory="bitnami", scanner="trivy") is Standing.VENDOR
    assert standing_of("bitnami", distros=(), advisory="ghsa", scanner="trivy") is Standing.BYSTANDER
    assert standing_of("grype", distros=(), advisory="grype", scanner="grype") is Standing.SCANNER


def test_a_distribution_is_known_by_any_of_its_names() -> None:
    assert {distro_of(name) for name in ("amzn", "amazon", "ALAS", "Amazon Linux".replace(" ", ""))} == {"amazon"}
    assert distro_of("windows") == ""


@pytest.mark.parametrize("score", [-0.1, 10.1, 1e300])
def test_a_score_outside_the_scale_is_refused(score: float) -> None:
    with pytest.raises(ValueError, match="CVSS score"):
        score_tenths(score)


def test_a_vector_tells_its_version() -> None:
    assert version_of_vector(VECTOR_31) == "3.1"
    assert version_of_vector(VECTOR_2) == "2.0"
    assert version_of_vector("AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H") == ""
    assert version_of_vector("CVSS:9.9/AV:N") == ""
