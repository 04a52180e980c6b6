"""The checks, the reports and the client run where neither Django nor a database is."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize("module", ["gates.checks.presets", "gates.reports", "gates.client.stellagate"])
def test_a_pure_package_loads_no_framework(module: str) -> None:
    forbidden = ("django", "rest_framework", "celery", "psycopg", "redis")
    question = f"import sys, {module}; print([name for name in sys.modules if name.split('.')[0] in {forbidden!r}])"

    answer = subprocess.run([sys.executable, "-c", question], capture_output=True, text=True, check=True)

    assert answer.stdout.strip() == "[]"
