"""Names of images: the repository without what is only a moment of it."""


def bare_name(reference: str) -> str:
    """Return an image reference without its tag and digest."""
    bare = reference.partition("@")[0]
    head, colon, tag = bare.rpartition(":")
    return head if colon and "/" not in tag else bare
