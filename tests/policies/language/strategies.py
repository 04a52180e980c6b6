"""Random programs: every construct of the grammar, as trees that the parser could have read."""

import unicodedata
from datetime import UTC, date, datetime

from hypothesis import strategies as st

from policies.language import tree
from policies.language.tokens import RESERVED, VERBS

# Names that collide with no word of the language, names that do, and nothing that is reserved.
PLAIN_NAMES = ("severity", "status", "score", "vex", "kev", "listed", "trust", "a", "b9", "_x", "signals")
CONTEXTUAL_NAMES = (
    *VERBS,
    "policy",
    "rule",
    "env",
    "map",
    "profile",
    "test",
    "given",
    "expect",
    "until",
    "because",
    "to",
)
MEMBER_NAMES = (*PLAIN_NAMES, *CONTEXTUAL_NAMES, *sorted(RESERVED), "date", "instant")

names = st.sampled_from((*PLAIN_NAMES, *CONTEXTUAL_NAMES)).map(tree.Name)
plain_names = st.sampled_from(PLAIN_NAMES)
member_names = st.sampled_from(MEMBER_NAMES)


def _is_text(value: str) -> bool:
    return "\x00" not in value and unicodedata.is_normalized("NFC", value)


texts = st.one_of(
    st.sampled_from(
        ("", "high", 'a "quoted" word', "back\\slash", "two\nlines\tand a tab", "\u202e", "\u2028", "é", "𝄞")
    ),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=12).filter(_is_text),
).map(tree.Text)
digits = st.one_of(
    st.integers(0, 10**12).map(str),
    st.decimals(0, 1000, places=3, allow_nan=False, allow_infinity=False).map(str),
)
numbers = digits.map(tree.Number)
signed_numbers = st.builds(lambda sign, text: tree.Number(sign + text), st.sampled_from(("", "-", "+")), digits)
durations = st.builds(tree.Duration, st.integers(0, 999_999_999), st.sampled_from(tree.DurationUnit))
booleans = st.booleans().map(tree.Boolean)
days = st.dates(date(1970, 1, 1), date(2100, 1, 1)).map(lambda day: tree.Day(day.isoformat()))
instants = st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)).map(  # noqa: DTZ001 - bounds
    lambda instant: tree.Instant(instant.isoformat())
)
plain_values: st.SearchStrategy[tree.Literal] = st.one_of(texts, durations, booleans, days, instants)


def _lists(items: st.SearchStrategy[tree.Value]) -> st.SearchStrategy[tree.Literal]:
    return st.lists(items, max_size=4).map(lambda found: tree.ListLiteral(tuple(found)))


list_items: st.SearchStrategy[tree.Literal] = st.recursive(
    st.one_of(plain_values, signed_numbers, st.builds(tree.Null)), _lists, max_leaves=6
)
lists = _lists(list_items)
literals: st.SearchStrategy[tree.Literal] = st.one_of(list_items, lists)
record_fields = st.lists(st.builds(tree.Field, names, literals), max_size=3).map(tuple)
records = record_fields.map(tree.Record)
given_values: st.SearchStrategy[tree.Value] = st.one_of(literals, records, _lists(st.one_of(literals, records)))

paths = st.builds(lambda first, rest: tree.Path((first, *rest)), plain_names, st.lists(member_names, max_size=3))
contextual_paths = st.builds(
    lambda first, rest: tree.Path((first, *rest)),
    st.sampled_from(CONTEXTUAL_NAMES),
    st.lists(member_names, min_size=1, max_size=2),
)


def _arithmetic(operands: st.SearchStrategy[tree.Expression]) -> st.SearchStrategy[tree.Expression]:
    return st.builds(tree.Arithmetic, operands, st.sampled_from(tree.ArithmeticOperator), operands)


def _member(base: tree.Expression, name: tree.Name) -> tree.Expression:
    """A name after a path makes the path longer, as the parser has it."""
    if isinstance(base, tree.Path):
        return tree.Path((*base.names, name.text))
    return tree.Member(base, name)


def _compound(parts: st.SearchStrategy[tree.Expression]) -> st.SearchStrategy[tree.Expression]:
    arguments = st.lists(st.builds(tree.Argument, st.none() | member_names.map(tree.Name), parts), max_size=3).map(
        tuple
    )
    chains = st.lists(parts, min_size=2, max_size=4).map(tuple)
    return st.one_of(
        st.builds(tree.Comparison, parts, st.sampled_from(tree.Comparator), parts),
        chains.map(tree.And),
        chains.map(tree.Or),
        parts.map(tree.Not),
        _arithmetic(parts),
        st.builds(tree.Signed, st.sampled_from(tree.Sign), parts),
        st.builds(tree.Call, paths, arguments),
        st.builds(tree.Index, parts, parts),
        st.builds(_member, parts, member_names.map(tree.Name)),
    )


atoms: st.SearchStrategy[tree.Expression] = st.one_of(paths, contextual_paths, numbers, plain_values, lists)
expressions: st.SearchStrategy[tree.Expression] = st.recursive(atoms, _compound, max_leaves=10)
targets = st.one_of(paths, contextual_paths)

actions: st.SearchStrategy[tree.Action] = st.one_of(
    st.builds(tree.Assign, targets, expressions),
    st.builds(tree.Annotate, targets, expressions),
    st.builds(tree.Block),
    st.builds(tree.Warn, st.none() | texts),
    st.builds(tree.Ignore, st.none() | expressions),
    st.builds(tree.Defer, expressions),
    st.builds(tree.Escalate, st.none() | expressions),
    st.builds(tree.RequireVex, lists, lists),
    st.builds(tree.RequestException, record_fields),
)
some_actions = st.lists(actions, min_size=1, max_size=3).map(tuple)
rules = st.builds(
    tree.Rule,
    names,
    expressions,
    some_actions,
    st.just(()) | some_actions,
    st.none() | texts,
    st.none() | st.integers(0, 999_999_999),
    st.booleans(),
)

entries = st.lists(st.builds(tree.Entry, targets, given_values), max_size=3).map(tuple)
settings_entries = st.lists(st.builds(tree.Entry, targets, literals), max_size=3).map(tuple)
declarations = st.lists(st.builds(tree.Declaration, targets, st.sampled_from(tree.SignalType)), max_size=3).map(tuple)
map_rows = st.lists(st.builds(tree.MapRow, texts, signed_numbers), max_size=3).map(tuple)
environment_rows = st.lists(st.builds(tree.EnvironmentRow, expressions, signed_numbers), max_size=3).map(tuple)
profile_entries: st.SearchStrategy[tree.ProfileEntry] = st.one_of(
    st.builds(tree.SourceMap, names, map_rows),
    st.builds(tree.EnvironmentTable, names, environment_rows),
    st.builds(tree.Scalar, names, expressions),
)
sections: st.SearchStrategy[tree.Section] = st.one_of(
    rules,
    rules,
    st.builds(tree.Metadata, entries),
    st.builds(tree.Settings, settings_entries),
    st.builds(tree.Declare, declarations),
    st.builds(tree.Profile, names, st.lists(profile_entries, max_size=3).map(tuple)),
    st.builds(tree.PolicyTest, texts, entries, st.lists(expressions, min_size=1, max_size=2).map(tuple)),
)
policy_files = st.builds(
    tree.PolicyFile,
    texts,
    st.sampled_from(("stella-dsl@1", "stella-dsl@1.0")).map(tree.Text),
    st.lists(sections, max_size=4).map(tuple),
)
