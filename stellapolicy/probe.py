"""`python -m stellapolicy.probe URL`: asks a web process how it is, by a name it answers to; exit 0 for 200.

For health checks inside an image that has no curl; it needs nothing but the standard library.
"""

import os
import sys
from http import HTTPStatus
from urllib.error import URLError
from urllib.request import Request, urlopen

PATIENCE_SECONDS = 4.0


def is_well(url: str, *, name: str) -> bool:
    """Whether the process at the address answers 200 when asked by this name."""
    request = Request(url, headers={"Host": name})  # noqa: S310 - the operator's own address
    try:
        with urlopen(request, timeout=PATIENCE_SECONDS) as answer:  # noqa: S310 - as above
            return bool(answer.status == HTTPStatus.OK)
    except (URLError, OSError):
        return False


if __name__ == "__main__":
    sys.exit(not is_well(sys.argv[1], name=os.environ.get("ALLOWED_HOSTS", "localhost").split(",")[0].strip()))
