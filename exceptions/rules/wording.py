"""Small words that several sentences share."""


def counted(count: int, noun: str) -> str:
    """Return how many there are of something: `1 service`, `3 services`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def size(artifacts: int, services: int) -> str:
    """Return how much of the estate is meant."""
    return f"{counted(artifacts, 'artifact')} of {counted(services, 'service')}"


def with_article(noun: str) -> str:
    """Return a noun as one of its kind: `a plan`, `an acceptance`."""
    return f"{'an' if noun.startswith(tuple('aeiou')) else 'a'} {noun}"
