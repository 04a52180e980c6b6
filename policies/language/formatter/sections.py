"""Sections and actions as lines."""

from typing import assert_never

from policies.language.formatter.expressions import Expressions
from policies.language.formatter.layout import FIELDS, Breakable, Item, Joined, Layout, Pages, Piece
from policies.language.formatter.places import Places
from policies.language.source import NOWHERE, Span
from policies.language.strings import quoted
from policies.language.tree import (
    Action,
    Annotate,
    Assign,
    Block,
    Declare,
    Defer,
    Entry,
    EnvironmentTable,
    Escalate,
    Expression,
    Ignore,
    ListLiteral,
    Metadata,
    PolicyFile,
    PolicyTest,
    Profile,
    ProfileEntry,
    RequestException,
    RequireVex,
    Rule,
    Scalar,
    Section,
    Settings,
    SourceMap,
    Text,
    Warn,
)


class Printer:
    """Writes a tree onto pages."""

    def __init__(self, pages: Pages, places: Places) -> None:
        self._pages = pages
        self._places = places
        self._expressions = Expressions(places)

    def file(self, file: PolicyFile) -> None:
        """Write a whole file."""
        head = Piece(f"policy {_text(file.name)} syntax {_text(file.syntax)} {{", self._head(file.span, "{"))
        self._pages.open_block(head)
        for number, section in enumerate(file.sections):
            self._section(section, is_first=number == 0)
        self._pages.close_block(_last(file.span))

    def _section(self, section: Section, *, is_first: bool) -> None:
        first_line = len(self._pages.lines)
        match section:
            case Metadata(entries) | Settings(entries):
                word = "metadata" if isinstance(section, Metadata) else "settings"
                self._block(word, section.span, [self._entry(entry) for entry in entries])
            case Declare(declarations):
                rows = [Piece(f"{one.path.dotted} = {one.type}", one.span) for one in declarations]
                self._block("declare", section.span, rows)
            case Profile():
                self._profile(section)
            case Rule():
                self._rule(section)
            case PolicyTest():
                self._test(section)
            case _:
                assert_never(section)
        self._pages.lines[first_line].begins_section = not is_first

    def _block(self, head: str, span: Span, rows: "list[Piece] | list[Layout]") -> None:
        """Write `head { row … }`, on one line where there is nothing inside."""
        opening = self._head(span, "{")
        if not rows and not self._pages.has_comment_within(opening.end, span.end):
            self._pages.statement(Piece(f"{head} {{}}", span))
            return
        self._pages.open_block(Piece(f"{head} {{", opening))
        for row in rows:
            self._pages.statement(row)
        self._pages.close_block(_last(span))

    def _entry(self, entry: Entry) -> Layout:
        return Joined((Piece(f"{entry.path.dotted} = ", entry.path.span), self._expressions.value(entry.value)))

    # --- profiles -----------------------------------------------------------------------------------------------------

    def _profile(self, profile: Profile) -> None:
        head = f"profile {profile.name.text}"
        if not profile.entries:
            self._block(head, profile.span, [])
            return
        self._pages.open_block(Piece(f"{head} {{", self._head(profile.span, "{")))
        for entry in profile.entries:
            self._profile_entry(entry)
        self._pages.close_block(_last(profile.span))

    def _profile_entry(self, entry: ProfileEntry) -> None:
        match entry:
            case SourceMap(name, rows):
                lines = [Piece(f"source {_text(row.source)} => {row.adjustment.text}", row.span) for row in rows]
                self._block(f"map {name.text}", entry.span, lines)
            case EnvironmentTable(name, rows):
                cases: list[Layout] = []
                for row in rows:
                    condition = self._expressions.expression(row.condition)
                    adjustment = Piece(f" then {row.adjustment.text}", row.adjustment.span)
                    cases.append(Joined((Piece("if ", _word(row.span, "if")), condition, adjustment)))
                self._block(f"env {name.text}", entry.span, cases)
            case Scalar(name, value):
                head = Piece(f"{name.text} := ", _start(entry.span))
                self._pages.statement(head, self._expressions.expression(value))
            case _:
                assert_never(entry)

    # --- rules --------------------------------------------------------------------------------------------------------

    def _rule(self, rule: Rule) -> None:
        words = ["release rule" if rule.release else "rule", rule.name.text]
        if rule.priority is not None:
            words.append(f"priority {rule.priority}")
        self._pages.open_block(Piece(" ".join([*words, "{"]), self._head(rule.span, "{")))
        when = self._places.after(rule.name.span.end, "when")
        self._pages.statement(Piece("when ", when), self._expressions.expression(rule.condition))
        self._clause("then", rule.condition.span.end, rule.actions)
        if rule.otherwise:
            self._clause("else", rule.actions[-1].span.end, rule.otherwise)
        if rule.because is not None:
            last = (rule.otherwise or rule.actions)[-1].span.end
            self._pages.statement(Piece("because ", self._places.after(last, "because")), _literal(rule.because))
        self._pages.close_block(_last(rule.span))

    def _clause(self, word: str, after: int, actions: tuple[Action, ...]) -> None:
        """Write `then action`, or the actions below `then` where there are several."""
        place = self._places.after(after, word)
        if len(actions) == 1:
            self._pages.statement(Piece(f"{word} ", place), *self._action(actions[0]))
            return
        self._pages.open_block(Piece(word, place))
        for action in actions:
            self._pages.statement(*self._action(action))
        self._pages.outdent()

    def _action(self, action: Action) -> tuple[Layout, ...]:  # noqa: PLR0911 - one a node
        start = _start(action.span)
        match action:
            case Assign(target, value):
                return Piece(f"{target.dotted} := ", target.span), self._expressions.expression(value)
            case Annotate(target, value):
                return Piece(f"annotate {target.dotted} := ", start), self._expressions.expression(value)
            case Block():
                return (Piece("block", action.span),)
            case Warn(message):
                return (Piece("warn" if message is None else f"warn message {_text(message)}", action.span),)
            case Ignore(until):
                return self._with_expression("ignore", "until", until, action.span)
            case Defer(until):
                return self._with_expression("defer", "until", until, action.span)
            case Escalate(to):
                return self._with_expression("escalate", "to", to, action.span)
            case RequireVex(vendors, justifications):
                return Piece("requireVex ", start), self._require_vex(vendors, justifications, action.span)
            case RequestException(fields):
                origin = self._braces(action.span)
                return Piece("requestException ", start), self._expressions.fields(fields, origin)
            case _:
                assert_never(action)

    def _with_expression(
        self, verb: str, preposition: str, expression: Expression | None, span: Span
    ) -> tuple[Layout, ...]:
        if expression is None:
            return (Piece(verb, span),)
        return Piece(f"{verb} {preposition} ", _start(span)), self._expressions.expression(expression)

    def _require_vex(self, vendors: ListLiteral, justifications: ListLiteral, span: Span) -> Breakable:
        origin = self._braces(span)
        after_vendors = vendors.span.end
        items = (
            self._named_list("vendors", vendors, origin.start),
            self._named_list("justifications", justifications, after_vendors),
        )
        return Breakable(FIELDS, items, origin)

    def _named_list(self, name: str, found: ListLiteral, after: int) -> Item:
        place = self._places.after(after, name) or NOWHERE
        return Item(Joined((Piece(f"{name} = ", place), self._expressions.value(found))), place.to(found.span))

    # --- tests --------------------------------------------------------------------------------------------------------

    def _test(self, test: PolicyTest) -> None:
        self._pages.open_block(Piece(f"test {_text(test.name)} {{", self._head(test.span, "{")))
        given = self._places.after(test.name.span.end, "given") or NOWHERE
        last = test.given[-1].span.end if test.given else given.end
        closer = self._places.after(last, "}") or NOWHERE
        self._block("given", given.to(closer), [self._entry(entry) for entry in test.given])
        after = closer.end
        for expectation in test.expectations:
            place = self._places.after(after, "expect")
            self._pages.statement(Piece("expect ", place), self._expressions.expression(expectation))
            after = expectation.span.end
        self._pages.close_block(_last(test.span))

    # --- places -------------------------------------------------------------------------------------------------------

    def _head(self, span: Span, opener: str) -> Span:
        """The stretch from the beginning of a section to its opening brace."""
        place = self._places.after(span.start, opener)
        return span if place is None else Span(span.start, place.end)

    def _braces(self, span: Span) -> Span:
        """The stretch from the first opening brace of an action to its end."""
        place = self._places.after(span.start, "{")
        return span if place is None else Span(place.start, span.end)


def _text(text: Text) -> str:
    return quoted(text.value)


def _literal(text: Text) -> Piece:
    return Piece(_text(text), text.span)


def _start(span: Span) -> Span:
    return Span(span.start, min(span.start + 1, span.end))


def _word(span: Span, word: str) -> Span:
    return Span(span.start, min(span.start + len(word), span.end))


def _last(span: Span) -> Span:
    return Span(max(span.end - 1, span.start), span.end)
