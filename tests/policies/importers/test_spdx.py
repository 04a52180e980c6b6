import pytest

from policies.importers.merge import merge_reports
from policies.importers.records import Component, SourceType
from policies.importers.refusals import FormatUnsupported, ImportRefused
from tests.policies.importers.reports import Json, imported, trivy_of
from tests.policies.importers.sarif_reports import trivy_sarif


def spdx_package(reference: str = "example", **changes: object) -> Json:
    """Return a package with its package URL."""
    row: Json = {
        "SPDXID": f"SPDXRef-{reference}",
        "name": reference,
        "versionInfo": "1.0",
        "licenseConcluded": "NOASSERTION",
        "licenseDeclared": "MIT",
        "externalRefs": [
            {
                "referenceCategory": "PACKAGE-MANAGER",
                "referenceType": "purl",
                "referenceLocator": f"pkg:npm/{reference}@1.0",
            }
        ],
    }
    return row | changes


def product(**changes: object) -> Json:
    """Return the package that a document describes."""
    return spdx_package("shop", externalRefs=[], primaryPackagePurpose="CONTAINER") | changes


def related(one: str, word: str, other: str) -> Json:
    """Return a relationship."""
    return {"spdxElementId": f"SPDXRef-{one}", "relationshipType": word, "relatedSpdxElement": f"SPDXRef-{other}"}


def spdx_document(*packages: Json, relationships: list[Json] | None = None, **changes: object) -> Json:
    """Return a document that describes a shop, of one package unless others are given."""
    document: Json = {
        "spdxVersion": "SPDX-2.3",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": "shop",
        "documentNamespace": "https://sbom.example/shop-1",
        "creationInfo": {"created": "2031-01-02T03:04:05Z", "creators": ["Organization: x", "Tool: syft-1.2.3"]},
        "packages": [product(), *(packages or [spdx_package()])],
        "relationships": [related("DOCUMENT", "DESCRIBES", "shop"), *(relationships or [])],
    }
    return document | changes


def _named(document: Json) -> dict[str, Component]:
    return {component.name: component for component in imported(document).components}


def test_an_inventory_names_its_product_its_parts_and_its_maker() -> None:
    report = imported(spdx_document())

    assert [component.purl for component in report.components] == ["pkg:npm/example@1.0"]
    assert (report.tool, report.tool_version, report.source_type) == ("syft", "1.2.3", SourceType.SBOM)
    assert (report.subject.name, report.subject.kind) == ("shop", "container")
    assert report.subject.serial == "https://sbom.example/shop-1"
    assert report.scanned_at is not None


@pytest.mark.parametrize(
    "concluded, declared, licences",
    [
        ("MIT", "MIT", ("MIT",)),
        ("NOASSERTION", "MIT OR ISC", ("MIT OR ISC",)),
        ("ISC", "MIT", ("ISC",)),
        ("NONE", "NOASSERTION", ()),
        (None, None, ()),
        ("", "LicenseRef-own", ("LicenseRef-own",)),
    ],
)
def test_what_somebody_concluded_counts_before_what_was_declared(
    concluded: str | None, declared: str | None, licences: tuple[str, ...]
) -> None:
    package = spdx_package(licenseConcluded=concluded, licenseDeclared=declared)

    assert _named(spdx_document(package))["example"].licenses == licences


def test_another_declared_licence_is_told_to_be_dropped() -> None:
    report = imported(spdx_document(spdx_package(licenseConcluded="ISC")))

    assert ("declared licences", 1) in [(one.what, one.count) for one in report.fidelity.dropped]


@pytest.mark.parametrize(
    "reference",
    [
        {"referenceType": "purl", "referenceCategory": "PACKAGE_MANAGER"},
        {"referenceType": "http://spdx.org/rdf/references/purl", "referenceCategory": "PACKAGE-MANAGER"},
    ],
)
def test_a_package_url_is_read_in_every_spelling_of_its_reference(reference: Json) -> None:
    package = spdx_package(externalRefs=[reference | {"referenceLocator": "pkg:alpine/busybox@1.35.0-r17?arch=x86_64"}])

    assert [one.key for one in imported(spdx_document(package)).components] == ["pkg:apk/alpine/busybox@1.35.0-r17"]


def test_a_package_without_a_readable_url_keeps_its_name() -> None:
    broken = {"referenceType": "purl", "referenceLocator": "pkg:"}
    report = imported(spdx_document(spdx_package(externalRefs=[broken], primaryPackagePurpose="OPERATING_SYSTEM")))

    assert [one.key for one in report.components] == ["operating-system/example@1.0"]
    assert "package URLs" in [one.what for one in report.fidelity.dropped]


def test_of_two_package_urls_the_order_decides_nothing() -> None:
    both = [{"referenceType": "purl", "referenceLocator": f"pkg:npm/{name}@1"} for name in ("b", "a")]

    keys = {imported(spdx_document(spdx_package(externalRefs=order))).components[0].key for order in (both, both[::-1])}

    assert keys == {"pkg:npm/a@1"}


@pytest.mark.parametrize(
    "relationship, scope, direct",
    [
        (related("shop", "DEPENDS_ON", "a"), "required", True),
        (related("a", "DEPENDENCY_OF", "shop"), "required", True),
        (related("shop", "STATIC_LINK", "a"), "required", True),
        (related("a", "DEV_DEPENDENCY_OF", "shop"), "development", True),
        (related("a", "TEST_DEPENDENCY_OF", "shop"), "development", True),
        (related("a", "OPTIONAL_DEPENDENCY_OF", "shop"), "optional", True),
        (related("shop", "CONTAINS", "a"), "", None),
        (related("shop", "COPY_OF", "a"), "", None),
    ],
)
def test_a_relationship_tells_what_a_package_is_needed_for(
    relationship: Json,
    scope: str,
    direct: bool | None,  # noqa: FBT001
) -> None:
    (component,) = imported(spdx_document(spdx_package("a"), relationships=[relationship])).components

    assert (component.scope, component.direct) == (scope, direct)


def test_what_only_a_tool_of_the_makers_needs_is_development_too() -> None:
    known = _named(
        spdx_document(
            *map(spdx_package, "abc"),
            relationships=[
                related("a", "DEV_DEPENDENCY_OF", "shop"),
                related("a", "DEPENDS_ON", "b"),
                related("b", "DEPENDS_ON", "c"),
                related("c", "DEPENDS_ON", "a"),
                related("shop", "DEPENDS_ON", "c"),
            ],
        )
    )

    # c is needed by the product itself, and with it a and b, although a is also a tool of the makers.
    assert {name: (one.scope, one.direct) for name, one in known.items()} == {
        "a": ("required", True),
        "b": ("required", False),
        "c": ("required", True),
    }


def test_a_dependency_of_a_tool_alone_is_for_development() -> None:
    relations = [related("a", "DEV_DEPENDENCY_OF", "shop"), related("a", "DEPENDS_ON", "b")]

    known = _named(spdx_document(*map(spdx_package, "ab"), relationships=relations))

    assert (known["b"].scope, known["b"].direct) == ("development", False)


def test_a_lock_file_between_product_and_package_is_looked_through() -> None:
    lock = spdx_package("lock", externalRefs=[], primaryPackagePurpose="APPLICATION")
    relations = [
        related("shop", "CONTAINS", "lock"),
        related("lock", "DEPENDS_ON", "a"),
        related("a", "DEPENDS_ON", "b"),
    ]

    known = _named(spdx_document(lock, *map(spdx_package, "ab"), relationships=relations))

    assert {name: one.direct for name, one in known.items()} == {"lock": None, "a": True, "b": False}


def test_a_system_package_is_neither_direct_nor_indirect() -> None:
    reference = {"referenceType": "purl", "referenceLocator": "pkg:deb/debian/a@1"}
    package = spdx_package("a", externalRefs=[reference])

    known = _named(spdx_document(package, relationships=[related("shop", "DEPENDS_ON", "a")]))

    assert (known["a"].scope, known["a"].direct) == ("required", None)


def test_the_subject_is_bound_by_the_digest_and_the_notes_of_its_package() -> None:
    notes = [f"RepoDigest: shop@sha256:{'2' * 64}", f"ImageID: sha256:{'1' * 64}", "RepoTag: shop:1", "Labels:team: a"]
    image = product(
        checksums=[{"algorithm": "SHA256", "checksumValue": "A" * 64}, {"algorithm": "SHA1", "checksumValue": "b"}],
        annotations=[{"comment": note} for note in notes[:2]],
        attributionTexts=notes[2:],
    )

    subject = imported(spdx_document(packages=[image])).subject

    assert subject.digests == (f"sha256:{'2' * 64}", f"sha256:{'a' * 64}")
    assert subject.references == (f"shop@sha256:{'2' * 64}",)
    assert (subject.image_id, subject.tags, subject.labels) == (f"sha256:{'1' * 64}", ("shop:1",), (("team", "a"),))


def test_an_image_is_bound_by_the_version_of_its_package_url() -> None:
    reference = {"referenceType": "purl", "referenceLocator": f"pkg:oci/shop@sha256%3A{'2' * 64}"}

    assert imported(spdx_document(packages=[product(externalRefs=[reference])])).subject.digests == (
        f"sha256:{'2' * 64}",
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"relationships": [related("shop", "DESCRIBED_BY", "DOCUMENT")]},
        {"relationships": [], "documentDescribes": ["SPDXRef-shop"]},
    ],
)
def test_the_product_is_found_in_every_spelling(changes: Json) -> None:
    assert imported(spdx_document() | changes).subject.kind == "container"


def test_a_document_that_describes_all_its_packages_has_no_product_among_them() -> None:
    report = imported(spdx_document(relationships=[related("DOCUMENT", "DESCRIBES", "example")]))

    assert (len(report.components), report.subject.name, report.subject.kind) == (2, "shop", "")


def test_a_package_lies_where_syft_says_it_was_found() -> None:
    package = spdx_package(sourceInfo="acquired package info from installed node module: /app/a.json, /app/b.json")

    assert _named(spdx_document(package))["example"].paths == ("/app/a.json", "/app/b.json")


def test_two_packages_of_one_reference_are_both_kept() -> None:
    report = imported(spdx_document(spdx_package(), spdx_package(externalRefs=[], name="other")))

    assert [one.name for one in report.components] == ["other", "example"]
    assert report.fidelity.notes == ("two packages have one reference; relationships are those of the first",)


def test_a_bare_name_of_another_report_is_the_package_of_the_inventory() -> None:
    reference = {"referenceType": "purl", "referenceLocator": "pkg:deb/debian/libexample@1.0-1?arch=amd64"}
    inventory = spdx_document(spdx_package("libexample", externalRefs=[reference]))

    merged = merge_reports([imported(inventory), imported(trivy_sarif()), imported(trivy_of())])

    assert [finding.component.key for finding in merged.findings] == ["pkg:deb/debian/libexample@1.0-1"]


@pytest.mark.parametrize("version", ["SPDX-2.1", "SPDX-3.0", None, ""])
def test_another_version_is_refused(version: str | None) -> None:
    with pytest.raises(FormatUnsupported, match="SPDX"):
        imported(spdx_document(spdxVersion=version))


@pytest.mark.parametrize(
    "changes, pointer",
    [
        ({"packages": {}}, "/packages"),
        ({"packages": [spdx_package(name="")]}, "/packages/0/name"),
        ({"packages": [spdx_package(SPDXID=None)]}, "/packages/0/SPDXID"),
        ({"packages": [spdx_package(externalRefs=["x"])]}, "/packages/0/externalRefs/0"),
        ({"relationships": [{"spdxElementId": "a"}]}, "/relationships/0/relatedSpdxElement"),
        ({"creationInfo": {"created": "yesterday"}}, "/creationInfo/created"),
    ],
)
def test_a_broken_value_is_refused_with_its_place(changes: Json, pointer: str) -> None:
    with pytest.raises(ImportRefused) as refusal:
        imported(spdx_document() | changes)

    assert refusal.value.code == "evidence.shape_invalid"
    assert refusal.value.faults[0].pointer == pointer
