"""Package patterns and version ranges: what scanners spell differently is one package, what is unreadable is none."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exceptions.matching.patterns import package_of, read_pattern, wanted_package
from exceptions.matching.scope import PackageScope
from tests.exceptions.matching.strategies import PACKAGES, PURLS


def covers(pattern: str, purl: str, *, versions: str = "") -> bool:
    wanted, package = wanted_package(PackageScope(pattern, versions)), package_of(purl)
    return wanted is not None and package is not None and wanted.covers(package)


@pytest.mark.parametrize(
    "pattern,purl",
    [
        ("pkg:npm/lodash@4.17.20", "pkg:npm/lodash@4.17.20"),
        ("pkg:npm/lodash@4.17.20", "pkg:npm/lodash@4.17.20?arch=any#lib"),
        ("pkg:deb/debian/curl@7.88?arch=amd64&distro=debian-12", "pkg:deb/debian/curl@7.88?arch=arm64"),
        ("pkg:deb/debian/openssl@1:1.1.1n", "pkg:deb/debian/openssl@1.1.1n?epoch=1"),
        ("pkg:rpm/rocky/bash@5.1?epoch=0", "pkg:rpm/rocky/bash@5.1"),
        ("pkg:golang/example.org/lib@v1.2.3", "pkg:golang/example.org/lib@1.2.3"),
        ("pkg:PyPI/Foo_Bar@1.0", "pkg:pypi/foo-bar@1.0"),
    ],
)
def test_an_exact_package_is_met_however_a_scanner_spells_it(pattern: str, purl: str) -> None:
    assert covers(pattern, purl)


@pytest.mark.parametrize(
    "pattern,purl",
    [
        ("pkg:npm/lodash@4.17.20", "pkg:npm/lodash@4.17.21"),
        ("pkg:npm/lodash@4.17.20", "pkg:npm/lodash"),
        ("pkg:deb/debian/openssl@1:1.1.1n", "pkg:deb/debian/openssl@1.1.1n"),
        ("pkg:maven/g/a@1?classifier=tests", "pkg:maven/g/a@1"),
        ("pkg:npm/lodash@4.17.20", ""),
        ("pkg:npm/lodash@4.17.20", "lodash 4.17.20"),
        ("pkg:npm/lodash", "pkg:npm/lodash-es@1"),
        ("pkg:npm/lodash", "pkg:npm/%40shop/lodash@1"),
    ],
)
def test_another_version_epoch_classifier_or_name_is_another_package(pattern: str, purl: str) -> None:
    assert not covers(pattern, purl)


@pytest.mark.parametrize(
    "pattern,purl",
    [
        ("pkg:npm/lodash", "pkg:npm/lodash@4.17.20"),
        ("pkg:deb/debian/openssl*", "pkg:deb/debian/openssl-dev@3?arch=amd64"),
        ("pkg:maven/org.apache.*/log4j-*", "pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1"),
        ("pkg:npm/@shop/*", "pkg:npm/%40shop/cart@1"),
        ("pkg:npm/@sh*", "pkg:npm/%40shop/cart@1"),
        ("pkg:npm/lodas?", "pkg:npm/lodash@4"),
        ("pkg:*/log4j-core", "pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1"),
        ("pkg:pypi/Foo_*", "pkg:pypi/foo-bar@1"),
        ("pkg:npm/JSON*", "pkg:npm/jsonstream@1"),
        ("pkg:npm/lodash@4.*", "pkg:npm/lodash@4.17.20"),
        ("pkg:deb/debian/openssl@1:1.1.*", "pkg:deb/debian/openssl@1.1.1n?epoch=1"),
        ("pkg:rpm/rocky/bash@0:5.*", "pkg:rpm/rocky/bash@5.1"),
        ("pkg:golang/example.org/lib@v1.*", "pkg:golang/example.org/lib@1.2.3"),
        ("pkg:golang/example.org/lib@1.*", "pkg:golang/example.org/lib@v1.2.3"),
        ("pkg:deb/debian/libstdc++*@12.2%2Bdfsg*", "pkg:deb/debian/libstdc%2B%2B6@12.2%2Bdfsg-14"),
    ],
)
def test_a_pattern_meets_every_package_like_it(pattern: str, purl: str) -> None:
    assert covers(pattern, purl)


@pytest.mark.parametrize(
    "pattern,purl",
    [
        ("pkg:npm/lodash@4.*", "pkg:npm/lodash"),
        ("pkg:npm/lodash@*", "pkg:npm/lodash"),
        ("pkg:npm/lodash@4.*", "pkg:npm/lodash@5.0.0"),
        ("pkg:npm/*", "pkg:pypi/lodash@1"),
        ("pkg:deb/debian/openssl@1.1.*", "pkg:deb/debian/openssl@1:1.1.1n"),
    ],
)
def test_a_pattern_meets_no_package_unlike_it(pattern: str, purl: str) -> None:
    assert not covers(pattern, purl)


@pytest.mark.parametrize(
    "versions,purl,inside",
    [
        ("vers:npm/>=4.0.0|<4.17.21", "pkg:npm/lodash@4.17.20", True),
        ("vers:npm/>=4.0.0|<4.17.21", "pkg:npm/lodash@4.0.0", True),
        ("vers:npm/>=4.0.0|<4.17.21", "pkg:npm/lodash@4.17.21", False),
        ("vers:npm/>=4.0.0|<4.17.21", "pkg:npm/lodash@3.9.9", False),
        ("vers:npm/4.17.20", "pkg:npm/lodash@4.17.20", True),
        ("vers:npm/>=4.0.0|<4.17.21", "pkg:npm/lodash", False),
        ("vers:npm/>=4.0.0|<4.17.21", "pkg:npm/lodash@latest", False),
        ("vers:npm/*", "pkg:npm/lodash@latest", False),
        ("vers:npm/<4.17.21|>=4.0.0", "pkg:npm/lodash@4.17.20", False),
        ("vers:npm/>=4.0.0|<", "pkg:npm/lodash@4.17.20", False),
        (">=4.0.0", "pkg:npm/lodash@4.17.20", False),
        ("vers:deb/>=4.0.0", "pkg:npm/lodash@4.17.20", False),
    ],
)
def test_a_range_covers_what_certainly_lies_in_it(versions: str, purl: str, inside: bool) -> None:  # noqa: FBT001
    assert covers("pkg:npm/lodash", purl, versions=versions) is inside


def test_a_version_without_any_digit_lies_in_no_range_of_nuget() -> None:
    assert not covers("pkg:nuget/Lib", "pkg:nuget/Lib@latest", versions="vers:nuget/>=1.0.0")


@pytest.mark.parametrize("spelled", ["@1:1.1.1n", "@1.1.1n?epoch=1"])
def test_a_range_counts_the_epoch_wherever_it_is_written(spelled: str) -> None:
    purl = f"pkg:deb/debian/openssl{spelled}"

    assert covers("pkg:deb/debian/openssl", purl, versions="vers:deb/>=1:1.0")
    assert not covers("pkg:deb/debian/openssl", purl, versions="vers:deb/<3.0")


def test_the_v_of_a_go_version_makes_no_difference_to_a_range() -> None:
    found = [
        covers("pkg:golang/example.org/lib", f"pkg:golang/example.org/lib@{version}", versions="vers:golang/<1.3.0")
        for version in ("v1.2.3", "1.2.3", "v1.3.0", "1.3.0")
    ]

    assert found == [True, True, False, False]


@pytest.mark.parametrize(
    "pattern,versions",
    [
        ("pkg:npm/lodash@4.17.20", "vers:npm/>=4.0.0"),
        ("pkg:npm/lodash@4.*", "vers:npm/>=4.0.0"),
        ("pkg:*/lodash", "vers:npm/>=4.0.0"),
        ("lodash", ""),
    ],
)
def test_a_scope_that_cannot_be_read_covers_nothing(pattern: str, versions: str) -> None:
    assert wanted_package(PackageScope(pattern, versions)) is None


@pytest.mark.parametrize(
    "text,why",
    [
        ("lodash", "looks like"),
        ("pkg:npm", "is not a package URL"),
        ("pkg:npm*", "looks like"),
        ("pkg:deb/debian/curl*?arch=amd64", "neither qualifiers"),
        ("pkg:npm/lodash*#lib", "neither qualifiers"),
        ("pkg:maven/g/a?classifier=tests", "without a version"),
        ("pkg:deb/debian/a@:1", "read in two ways"),
        ("pkg:npm/%252A*", "read in two ways"),
        ("pkg:npm/lodash@%25*", "read in two ways"),
        ("pkg:npm/lodash@%40*", "read in two ways"),
        ("pkg:npm/" + "a" * 3_000, "looks like"),
    ],
)
def test_a_pattern_that_cannot_be_read_says_why(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        read_pattern(text)


def test_an_escaped_star_is_shown_and_counted_as_the_star_it_is() -> None:
    pattern = read_pattern("pkg:npm/%2a")

    assert (pattern.text, pattern.wildcards) == ("pkg:npm/*", 1)


@pytest.mark.parametrize(
    "text,names",
    [("pkg:npm/lodash", True), ("pkg:npm/lod*", True), ("pkg:npm/*", False), ("pkg:npm/@*/*", False)],
)
def test_a_type_alone_names_nothing(text: str, names: bool) -> None:  # noqa: FBT001
    assert read_pattern(text).names_something is names


@settings(max_examples=80, deadline=None)
@given(
    st.one_of(
        st.sampled_from([pattern for pattern, _ in PACKAGES]),
        st.sampled_from(PURLS),
        st.from_regex(
            r"pkg:(npm|pypi|deb|golang|\*)/[a-zA-Z@%_+*?]{1,6}(/[a-z*]{1,4})?(@[v0-9.*:]{1,5})?", fullmatch=True
        ),
    )
)
def test_the_one_spelling_of_a_pattern_is_its_own(text: str) -> None:
    try:
        pattern = read_pattern(text)
    except ValueError:
        return

    assert read_pattern(pattern.text) == pattern
