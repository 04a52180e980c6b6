"""What is kept in the cache is JSON: whoever could write there would otherwise run code here (pickle)."""

from typing import Any

import orjson


class JsonSerializer:
    """Writes cached values as JSON; integers stay what the cache itself can count."""

    def dumps(self, value: Any) -> bytes:  # noqa: ANN401 - whatever is cached
        """Return the bytes of a value; raises TypeError for what has no JSON form."""
        return orjson.dumps(value)

    def loads(self, cached: bytes) -> Any:  # noqa: ANN401 - whatever was cached
        """Return the value of the bytes."""
        return orjson.loads(cached)
