"""What is no file of exceptions, and how large one may be."""

import json
from typing import Any

import pytest

from exceptions.formats.content import MOST_BYTES, MOST_ENTRIES
from exceptions.formats.nodes import DEEPEST
from exceptions.formats.yaml_nodes import MOST_VALUES
from tests.exceptions.formats.opened import read, refused
from tests.real_data import real_data


@pytest.mark.parametrize(
    "content,code,place",
    [
        (b"", "empty", ""),
        (b" \n\t\n", "empty", ""),
        (b"CVE-2021-44228\n\xff\xfe", "not_text", "line 2"),
        (b"CVE-2021-44228\nCVE\x00", "not_text", "line 2"),
        (b"#" * (MOST_BYTES + 1), "too_large", ""),
        (b'{"results": [', "not_json", ""),
        (b'{"a": 1, "a": 2}', "not_json", ""),
        (b'{"a": NaN}', "not_json", ""),
        (b'{"something": "else"}', "format_unknown", ""),
        (b"[1, 2]", "format_unknown", ""),
        (b"[]", "format_unknown", ""),
        (b"# nothing but a comment\n", "format_unknown", ""),
        (b"some words that are no ids!\n?\n", "format_unknown", ""),
        (b"settings:\n  - none of ours\n", "format_unknown", ""),
        (b"vulnerabilities:\n  - id: [\n", "not_yaml", "line 3"),
        (b"ignore:\n  - vulnerability: A\n    vulnerability: B\n", "twice", "line 3"),
        (b"ignore: []\n---\nignore: []\n", "too_many_documents", "line 2"),
        (b"ignore:\n  - *rule\n", "alias", "line 2"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(content: bytes, code: str, place: str) -> None:
    [fault] = refused(content)

    assert (fault.code, fault.pointer) == (f"import.{code}", place)


def test_the_refusal_of_an_unknown_format_names_those_that_are_read() -> None:
    [fault] = refused(b'{"something": "else"}')

    assert ".trivyignore" in fault.message
    assert "DefectDojo" in fault.message


def test_a_byte_order_mark_and_foreign_line_ends_change_nothing() -> None:
    file = read(b"\xef\xbb\xbfCVE-2021-44228\r\n# no\r\n")

    assert [one.title for one in file.entries] == ["CVE-2021-44228"]


def test_more_entries_than_somebody_can_look_at_are_refused() -> None:
    lines = [f"CVE-2021-{number}" for number in range(10_000, 10_000 + MOST_ENTRIES + 1)]

    assert len(read("\n".join(lines[:-1])).entries) == MOST_ENTRIES
    [fault] = refused("\n".join(lines))
    assert (fault.code, fault.pointer) == ("import.too_many", f"line {MOST_ENTRIES + 1}")


@pytest.mark.parametrize("form", ["json", "yaml"])
def test_nesting_ends_somewhere(form: str) -> None:
    deep: Any = {}
    for _ in range(DEEPEST + 1):
        deep = {"package": deep}
    document = {"ignore": [deep]}

    content = json.dumps(document) if form == "json" else f"---\n{json.dumps(document)}"

    assert refused(content)[0].code == "import.too_deep"


def test_bottomless_nesting_is_refused_and_ends_nobody() -> None:
    assert refused(f"ignore: {'[' * 200_000}")[0].code == "import.too_deep"
    assert refused("[" * 200_000)[0].code == "import.not_json"


def test_aliases_count_as_often_as_they_are_used() -> None:
    bomb = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    for level in range(1, 8):
        again = ", ".join([f"*a{level - 1}"] * 10)
        bomb.append(f"a{level}: &a{level} [{again}]")

    [fault] = refused("\n".join(bomb))

    assert fault.code == "import.too_many_values"


def test_an_alias_within_bounds_is_read() -> None:
    file = read(
        "shared: &shared {name: lodash, type: npm}\n"
        "ignore:\n"
        "  - {vulnerability: CVE-2020-8203, package: *shared}\n"
        "  - {vulnerability: CVE-2021-23337, package: *shared}\n"
    )

    assert [one.title for one in file.entries] == ["CVE-2020-8203", "CVE-2021-23337"]


def test_a_long_list_of_yaml_ends_early() -> None:
    assert refused("ignore:\n" + "- a\n" * (MOST_VALUES + 1))[0].code == "import.too_many_values"


def test_a_tag_of_yaml_makes_nothing_but_text() -> None:
    file = read("ignore:\n  - vulnerability: !!python/object/apply:os.system CVE-2021-44228\n")

    assert [one.title for one in file.entries] == ["CVE-2021-44228"]


@pytest.mark.parametrize(
    "path,form",
    [
        ("scans/trivy-golden/trivyignore.yaml", "trivyignore_yaml"),
        ("scans/dependency_track/many_findings_with_cvssV3_score.json", "dependency_track"),
        ("scans/dependency_track/one_finding_with_analysis_detail.json", "dependency_track"),
        ("vex/cyclonedx/vex.json", "cyclonedx_vex"),
        ("vex/trivy-apply/cyclonedx.json", "cyclonedx_vex"),
    ],
)
def test_real_files_are_known_by_what_is_in_them(path: str, form: str) -> None:
    file = read(real_data(path).read_bytes(), filename="no name of any meaning")

    assert file.format == form


def test_every_case_of_cyclonedx_vex_is_read() -> None:
    cases = sorted(real_data("vex/cyclonedx").glob("*vex*.json"))

    entries = [entry for case in cases for entry in read(case.read_bytes()).entries]

    assert len(cases) > 10
    assert all(entry.asked or entry.skipped for entry in entries)


@pytest.mark.parametrize("path", ["vex/openvex/go-vex__v0.2.0.json", "vex/csaf/rhsa-2021_5186.json"])
def test_vex_of_others_is_no_exception_to_propose(path: str) -> None:
    assert refused(real_data(path).read_bytes())[0].code == "import.format_unknown"
