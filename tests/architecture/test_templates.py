"""Every template of ours compiles, and asks no other host for anything."""

import re
from pathlib import Path

import pytest
from django.template.loader import get_template

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
ELSEWHERE = re.compile(r"""(?:src|href|action)\s*=\s*["'](?:https?:)?//""")


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.relative_to(ROOT / "templates").as_posix())
def test_a_template_compiles_and_stays_offline(path: Path) -> None:
    get_template(path.relative_to(ROOT / "templates").as_posix())

    assert not ELSEWHERE.search(path.read_text(encoding="utf-8"))
