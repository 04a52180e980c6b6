"""`python -m tests.releases.restore 0.1.0`: migrates an empty database to exactly where a release left it."""

import json
import sys
from pathlib import Path


def main(release: str) -> None:
    """Apply the migrations of the release and none after."""
    import django

    django.setup()
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    from stellapolicy.tenancy.schema import as_owner, create_schema

    leaves: dict[str, str] = json.loads(Path(__file__).with_name(f"{release}.json").read_text(encoding="utf-8"))
    with as_owner():
        create_schema()
        MigrationExecutor(connection).migrate(sorted(leaves.items()))


if __name__ == "__main__":
    main(sys.argv[1])
