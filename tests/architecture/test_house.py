"""The house rules a machine can check: sizes, purity, who writes, who reads the clock."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PRODUCT = ("stellapolicy", "policies", "gates", "exceptions", "airgap")
LONGEST_FILE = 400
LONGEST_FUNCTION = 60

# Where the clock may be read: the doors, through which the present enters as `at`.
CLOCK_DOORS = (
    "/api/",
    "/admin/",
    "/management/",
    "/tasks.py",
    "/middleware.py",
    "/authentication.py",
    "stellapolicy/kernel/clock.py",
    "gates/client/",
    "exceptions/sign.py",
    "exceptions/verify.py",
)
# Where chance may be drawn: identifiers of rows and leases, secrets of tokens and of a laptop.
CHANCE_DOORS = (
    "stellapolicy/kernel/ids.py",
    "stellapolicy/embedded.py",
    "stellapolicy/access/services/",
    "stellapolicy/api/request_id.py",
    "stellapolicy/api/health.py",
    "gates/services/jobs.py",
    "stellapolicy/outbox/secrets_at_rest.py",
    "gates/client/",
)
WRITES = frozenset(
    {"save", "delete", "create", "get_or_create", "update_or_create", "bulk_create", "bulk_update", "update"}
)
# What may write besides services: the floor that keeps answers under a key, and what seeds an empty installation.
WRITERS = (
    "/services/",
    "/services.py",
    "/bootstrap.py",
    "/migrations/",
    "stellapolicy/api/idempotency.py",
    "stellapolicy/api/health.py",  # tries the storage
    "stellapolicy/management/",
    "gates/client/",
)


def sources(*folders: str) -> Iterator[Path]:
    for folder in folders:
        yield from sorted(path for path in (ROOT / folder).rglob("*.py") if "/migrations/" not in str(path))


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def test_no_file_is_longer_than_one_sitting() -> None:
    long = {
        relative(path): count
        for path in sources(*PRODUCT, "tests", "bench")
        if (count := path.read_text(encoding="utf-8").count("\n")) > LONGEST_FILE
    }

    assert long == {}


def test_no_function_is_more_than_one_idea() -> None:
    long = [
        f"{relative(path)}:{function.name}"
        for path in sources(*PRODUCT, "tests", "bench")
        for function in functions(ast.parse(path.read_text(encoding="utf-8")))
        if (function.end_lineno or 0) - function.lineno + 1 > LONGEST_FUNCTION
    ]

    assert long == []


def test_only_the_doors_read_the_clock() -> None:
    readers = [
        f"{relative(path)}:{node.lineno}"
        for path in sources(*PRODUCT)
        if not any(door in relative(path) for door in CLOCK_DOORS)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and reads_the_clock(node.func)
    ]

    assert readers == []


def reads_the_clock(called: ast.expr) -> bool:
    match called:
        case ast.Name(id="now"):
            return True
        case ast.Attribute(value=ast.Name(id="timezone" | "clock"), attr="now"):
            return True
        case ast.Attribute(value=ast.Name(id="datetime" | "date"), attr="now" | "utcnow" | "today"):
            return True
        case ast.Attribute(value=ast.Name(id="time"), attr="time" | "time_ns"):
            return True
        case _:
            return False


def test_only_named_places_draw_by_chance() -> None:
    drawers = [
        relative(path)
        for path in sources(*PRODUCT)
        if not any(door in relative(path) for door in CHANCE_DOORS)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if draws_by_chance(node)
    ]

    assert drawers == []


def draws_by_chance(node: ast.AST) -> bool:
    match node:
        case ast.Import(names=names):
            return any(name.name in {"random", "secrets"} for name in names)
        case ast.ImportFrom(module="random" | "secrets"):
            return True
        case ast.ImportFrom(module="uuid", names=names):
            return any(name.name in {"uuid1", "uuid4"} for name in names)
        case _:
            return False


def test_only_services_write() -> None:
    writers = [
        f"{relative(path)}:{node.lineno}"
        for path in sources(*PRODUCT)
        if not any(writer in relative(path) for writer in WRITERS)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and writes_rows(node.func)
    ]

    assert writers == []


def writes_rows(called: ast.expr) -> bool:
    if not isinstance(called, ast.Attribute) or called.attr not in WRITES:
        return False
    return "objects" in ast.unparse(called.value) or called.attr in {"save", "bulk_create", "get_or_create"}


@pytest.mark.parametrize("pattern", [r"\.update\(\s*state\s*=", r"\.bulk_update\([^)]*state"])
def test_no_query_walks_past_a_state_machine(pattern: str) -> None:
    culprits = [relative(path) for path in sources(*PRODUCT) if re.search(pattern, path.read_text(encoding="utf-8"))]

    assert culprits == []


def test_every_broad_except_raises_again_or_closes_the_gate() -> None:
    culprits = [
        f"{relative(path)}:{handler.lineno}"
        for path in sources(*PRODUCT)
        for handler in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(handler, ast.ExceptHandler) and is_broad(handler) and not is_safe(handler, relative(path))
        if not raises_later(handler, path)
    ]

    assert culprits == []


def is_broad(handler: ast.ExceptHandler) -> bool:
    return handler.type is None or ast.unparse(handler.type) in {"Exception", "BaseException"}


def raises_later(handler: ast.ExceptHandler, path: Path) -> bool:
    """Whether what is caught is gathered, so that one row keeps no other waiting, and raised as a group at the end."""
    gathers = "surprises.append" in ast.unparse(ast.Module(handler.body, []))
    return gathers and "raise ExceptionGroup" in path.read_text(encoding="utf-8")


def is_safe(handler: ast.ExceptHandler, path: str) -> bool:
    body = ast.unparse(ast.Module(handler.body, []))
    closes = "Outcome.BLOCK" in body or "ExitCode.INTERNAL" in body or "INTERNAL" in body
    answers_not_ready = path == "stellapolicy/api/health.py"
    # A subscriber that fails is logged, kept with its failure and tried again, and holds up nobody else's event.
    keeps_the_failure = path == "stellapolicy/outbox/services/dispatching.py" and "_record_failure" in body
    raises = any(isinstance(node, ast.Raise) for node in ast.walk(handler))
    return raises or closes or answers_not_ready or keeps_the_failure or path.startswith("gates/client/")


def test_nothing_in_the_repository_names_the_machine_it_was_written_on() -> None:
    forbidden = re.compile(r"/work/|/root/|/tmp/bash|pypi\.org|files\.pythonhosted|registry\.npmjs")
    culprits = [
        relative(path)
        for path in ROOT.rglob("*")
        if path.is_file() and is_ours(path) and forbidden.search(path.read_text(encoding="utf-8", errors="ignore"))
    ]

    assert culprits == []


def is_ours(path: Path) -> bool:
    parts = path.relative_to(ROOT).parts
    hidden = {".git", ".venv", "var", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis", "node_modules"}
    return not hidden & set(parts) and path != Path(__file__) and path.suffix not in {".png", ".pyc", ".gz"}


def test_every_filter_by_instant_takes_any_zone() -> None:
    culprits = [
        relative(path)
        for path in sources(*PRODUCT)
        if "IsoDateTimeFilter" in path.read_text(encoding="utf-8") and relative(path) != "stellapolicy/api/filters.py"
    ]

    assert culprits == [], "use stellapolicy.api.filters.InstantFilter"
