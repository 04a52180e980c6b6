"""What no line of the product does: run what it reads, trust what it unpacks, or leave something in a session."""

import ast
import re

import pytest

from tests.architecture.test_house import PRODUCT, relative, sources

# The compiler makes Python of its own closed tree; nothing else turns text into code.
COMPILERS = ("policies/language/compiler/",)
UNPACKERS = {"pickle", "cPickle", "_pickle", "marshal", "shelve", "dill", "jsonpickle"}
SESSION_STATE = [
    r"\bpg_advisory_lock\s*\(",
    r"\bpg_try_advisory_lock\s*\(",
    r"\bSET SESSION\b",
    r"execute\(\s*f?\"(SET|LISTEN|PREPARE|DECLARE)\b(?! LOCAL| CONSTRAINTS)",
    r"WITH HOLD",
]


def test_nothing_that_is_read_is_run() -> None:
    runners = [
        f"{relative(path)}:{node.lineno}"
        for path in sources(*PRODUCT)
        if not relative(path).startswith(COMPILERS)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"eval", "exec"}
    ]

    assert runners == []


def test_nothing_is_unpacked_that_could_run() -> None:
    unpackers = [
        f"{relative(path)}:{node.lineno}"
        for path in sources(*PRODUCT)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Import | ast.ImportFrom) and imports_an_unpacker(node)
    ]

    assert unpackers == []


def imports_an_unpacker(node: ast.AST) -> bool:
    match node:
        case ast.Import(names=names):
            return any(name.name.split(".")[0] in UNPACKERS for name in names)
        case ast.ImportFrom(module=str() as module):
            return module.split(".")[0] in UNPACKERS
        case _:
            return False


def test_yaml_is_only_read_safely() -> None:
    unsafe = re.compile(r"yaml\.(load|load_all|unsafe_load|full_load)\s*\(|Unsafe\w*Loader|FullLoader")
    culprits = [relative(path) for path in sources(*PRODUCT) if unsafe.search(path.read_text(encoding="utf-8"))]

    assert culprits == []


def test_no_certificate_goes_unchecked() -> None:
    careless = re.compile(r"verify\s*=\s*False|CERT_NONE|_create_unverified_context|check_hostname\s*=\s*False")
    culprits = [relative(path) for path in sources(*PRODUCT) if careless.search(path.read_text(encoding="utf-8"))]

    assert culprits == []


@pytest.mark.parametrize("pattern", SESSION_STATE)
def test_nothing_stays_behind_in_a_session_of_the_database(pattern: str) -> None:
    culprits = [relative(path) for path in sources(*PRODUCT) if re.search(pattern, path.read_text(encoding="utf-8"))]

    assert culprits == []
