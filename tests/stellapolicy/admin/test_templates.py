"""Every template compiles, names things that exist, and brings nothing from elsewhere."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.template.loader import get_template

_FOLDER = Path(settings.BASE_DIR) / "templates"
_STATIC = Path(settings.BASE_DIR) / "stellapolicy" / "admin" / "static"
TEMPLATES = sorted(str(path.relative_to(_FOLDER)) for path in _FOLDER.rglob("*.html"))


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_compiles_and_has_no_script_or_handler_of_its_own(name: str) -> None:
    text = (_FOLDER / name).read_text(encoding="utf-8")

    assert get_template(name) is not None
    assert not re.search(r"<script(?![^>]*\bsrc=)|\son[a-z]+=|javascript:", text)


@pytest.mark.parametrize("path", sorted(_STATIC.rglob("*.*")), ids=lambda path: path.name)
def test_our_own_files_load_nothing_from_elsewhere(path: Path) -> None:
    assert not re.search(r"(@import|url\(|fetch\((?!ours\()|import\(|src=)", path.read_text(encoding="utf-8"))
