"""Fields and filters of one word out of several, which name these words where another one is sent."""

from collections.abc import Iterable
from typing import Any

import django_filters
from rest_framework import serializers


class ChoiceField(serializers.ChoiceField):
    """One word out of several, in a body or in a query."""

    def __init__(self, choices: Any, **said: Any) -> None:  # noqa: ANN401 - as of the framework
        super().__init__(choices, **said)
        self.error_messages["invalid_choice"] = '"{input}" is not one of ' + _escaped(_words(self.choices), "{}")


class ChoiceFilter(django_filters.ChoiceFilter):  # type: ignore[misc]  # django-filter is untyped
    """Narrows a list to one word."""

    def __init__(self, *, choices: Iterable[tuple[str, str]], **said: Any) -> None:  # noqa: ANN401 - as of the framework
        super().__init__(choices=choices, error_messages=_named(choices), **said)


class MultipleChoiceFilter(django_filters.MultipleChoiceFilter):  # type: ignore[misc]  # django-filter is untyped
    """Narrows a list to one word or several."""

    def __init__(self, *, choices: Iterable[tuple[str, str]], **said: Any) -> None:  # noqa: ANN401 - as of the framework
        super().__init__(choices=choices, error_messages=_named(choices), **said)


def _named(choices: Iterable[tuple[str, str]]) -> dict[str, str]:
    words = _words(word for word, _ in choices)
    return {"invalid_choice": f'"%(value)s" is not one of {_escaped(words, "%")}'}


def _words(words: Iterable[object]) -> str:
    return ", ".join(str(word) for word in words)


def _escaped(text: str, signs: str) -> str:
    """Return text that stays itself where a template is filled in."""
    return "".join(sign * 2 if sign in signs else sign for sign in text)
