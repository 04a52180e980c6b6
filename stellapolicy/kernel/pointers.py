"""JSON Pointers (RFC 6901): where in a document something is."""


def below(pointer: str, step: object) -> str:
    """Return the pointer of one step below another; the document itself is ""."""
    return f"{pointer}/{str(step).replace('~', '~0').replace('/', '~1')}"
