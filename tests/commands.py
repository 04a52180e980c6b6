"""Runs a management command against throw-away servers: `python -m tests.commands migrate`."""

import os
import sys


def main() -> None:
    """Start the servers, then hand the arguments to Django."""
    from tests.services import prepare

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "stellapolicy.settings")
    prepare()
    from django.core.management import execute_from_command_line

    execute_from_command_line(["manage.py", *sys.argv[1:]])


if __name__ == "__main__":
    main()
