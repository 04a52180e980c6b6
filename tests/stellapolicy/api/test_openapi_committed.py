"""The committed description of the API is the one the code gives."""

import io

from django.core.management import call_command

from tests.processes import ROOT


def test_the_committed_openapi_is_what_the_code_says() -> None:
    written = io.StringIO()

    call_command("spectacular", "--validate", "--fail-on-warn", stdout=written)

    assert written.getvalue() == (ROOT / "docs" / "openapi.yaml").read_text(encoding="utf-8"), "run `make openapi`"
