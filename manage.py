#!/usr/bin/env python
"""Runs a management command; on a prepared laptop it joins or starts the embedded servers first."""

import os
import sys
from pathlib import Path

_WITHOUT_DATABASE = {"help", "--help", "--version", "version", "makemessages", "compilemessages"}


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "stellapolicy.settings")
    from stellapolicy import embedded

    command = sys.argv[1] if len(sys.argv) > 1 else "help"
    var = Path(__file__).resolve().parent / "var"
    if command == "up":
        embedded.prepare_laptop(var)
    if command not in _WITHOUT_DATABASE:
        embedded.load_laptop(var)

    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
