"""`python -m policies.language VERB FILE…`: the language without a server and without a database."""

import os
import sys
import traceback

INTERNAL = 10


def main(arguments: list[str]) -> int:
    """Return the exit code of one call; whatever goes wrong inside is 10, never 1."""
    try:
        # Imported here so that even a defect of the package itself ends with the code that says so.
        from policies.language.command_line import run  # noqa: PLC0415

        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(encoding="utf-8", errors="backslashreplace")
        return run(arguments)
    except BrokenPipeError:
        _give_up_output()
        return INTERNAL
    except Exception:  # noqa: BLE001 - the edge: a crash is reported and answered, and 10 is no pass anywhere
        traceback.print_exc()
        _give_up_output()
        return INTERNAL


def _give_up_output() -> None:
    """Let what could not be written go nowhere; the interpreter would try again at its end, and answer 120."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
