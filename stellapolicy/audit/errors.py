"""What audit refuses."""


class UnknownAction(Exception):  # noqa: N818 - reads as a sentence
    """An action was recorded that no app registered: a mistake of ours, found by the first test that runs it."""
