"""The cells of `stellapolicy.admin.cells`, for templates."""

from datetime import datetime

from django import template
from django.utils.html import format_html, format_html_join

from stellapolicy.admin import cells
from stellapolicy.kernel.clock import now

register = template.Library()

register.filter("instant", cells.instant)
register.filter("day", cells.day)
register.filter("digest", cells.digest)
register.filter("short", cells.short)
register.filter("severity", cells.severity)
register.filter("source", cells.source)
register.filter("spoken", cells.spoken)
register.filter("written", cells.written)
register.filter("readable", cells.readable)
register.filter("plain", cells.plain)


@register.filter
def badge(word: str, text: str = "") -> str:
    """Return a word of the domain as a badge, with other words to read where they are given."""
    return cells.badge(word, text)


@register.inclusion_tag("stella/copyable.html")
def copyable(label: str, text: str) -> dict[str, str]:
    """Show a digest or command whole, with a button that copies it."""
    return {"label": label, "text": text}


@register.filter
def fact(facts: dict[str, object], path: str) -> object:
    """Return a fact by its path, whose dots a template would read as steps; empty where it is unknown."""
    value = facts.get(path)
    return "" if value is None else value


@register.filter
def moment(text: str) -> str:
    """Return a stored RFC 3339 instant the way every instant looks."""
    return cells.instant(datetime.fromisoformat(text)) if text else cells.NOTHING


@register.filter
def person(subject: str) -> str:
    """Return somebody by the name they sign in with."""
    return subject.removeprefix("user:")


@register.filter
def left(text: str) -> str:
    """Return how long it is from now until a stored RFC 3339 instant, or since, in words."""
    return cells.left(datetime.fromisoformat(text), at=now())


@register.filter
def basis_points(number: int) -> str:
    """Return basis points as the fraction they stand for."""
    return f"{number / 10_000:.2f}"


@register.filter
def code_spans(text: str) -> str:
    """Return a sentence whose parts between backticks are shown as code."""
    parts = text.split("`")
    shown = (
        format_html('<code class="st-code">{}</code>' if place % 2 else "{}", part) for place, part in enumerate(parts)
    )
    return format_html_join("", "{}", ((part,) for part in shown))
