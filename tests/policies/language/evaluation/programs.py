"""Random programs that compile, as source, and random facts for them; small worlds, so that things meet."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st

NOON = datetime(2026, 6, 15, 12, 0, tzinfo=UTC)
INSTANTS = (datetime(2026, 6, 1, tzinfo=UTC), NOON, datetime(2026, 7, 1, tzinfo=UTC))
STATEMENT_STATUSES = ("not_affected", "affected", "fixed", "under_investigation")
JUSTIFICATIONS = ("component_not_present", "inline_mitigations_already_exist")

WORDS: dict[str, tuple[str, ...]] = {
    "finding.kind": ("vulnerability", "licence", "secret"),
    "vex.status": ("none", *STATEMENT_STATUSES),
    "reachability.state": ("unknown", "reachable", "unreachable"),
    "component.name": ("log4j-core", "lodash", "Openssl"),
    "advisory.source": ("nvd", "ghsa", "other"),
    "signals.zone": ("blue", "green"),
}
NUMBERS: dict[str, tuple[float, ...]] = {
    "epss.score": (0.0, 0.1, 0.5, 0.9, 1.0),
    "cvss.score": (0.0, 4.0, 7.0, 9.8),
    "age.days": (0.0, 14.0, 90.0),
    "signals.risk": (-1.0, 0.0, 0.5, 3.0),
}
SEVERITIES = ("none", "low", "medium", "high", "critical")
BOOLS = ("kev.listed", "advisory.fix_available", "signals.flag")
TIMES = ("vuln.published", "run.at", "exception.expires_at")
LISTS = {"vuln.cwes": ("CWE-79", "CWE-89", "CWE-502")}
PATHS = (*WORDS, *NUMBERS, "severity.normalized", *BOOLS, *TIMES, *LISTS, "vex.statements", "license.expression")

DECLARED = "  declare { signals.zone = string  signals.risk = number  signals.flag = bool }\n"
PROFILES = """  profile p {
    map m { source "nvd" => -0.5  source "ghsa" => 0.25 }
    env e { if kev.listed then 2  if severity.normalized >= "high" then 0.5 }
    scalar limit := 0.5 + profile.p.e
    scalar hot := epss.score > 0.5 or kev.listed
  }
"""


def choice(items: Any) -> st.SearchStrategy[Any]:
    return st.sampled_from(tuple(items))


statements = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "status": choice(STATEMENT_STATUSES),
            "justification": choice(JUSTIFICATIONS),
            "source": choice(("redhat", "Debian")),
            "trust": choice((0.2, 0.8)),
            "issued_at": choice(INSTANTS),
        },
    ),
    max_size=3,
).map(tuple)


def _values() -> dict[str, st.SearchStrategy[Any]]:
    found: dict[str, st.SearchStrategy[Any]] = {path: choice(words) for path, words in WORDS.items()}
    found |= {path: choice(numbers) for path, numbers in NUMBERS.items()}
    found |= {path: st.booleans() for path in BOOLS}
    found |= {path: choice(INSTANTS) for path in TIMES}
    found |= {path: st.lists(choice(words), max_size=2).map(tuple) for path, words in LISTS.items()}
    found["severity.normalized"] = choice(SEVERITIES)
    found["vex.statements"] = statements
    found["license.expression"] = choice(("MIT", "GPL-3.0-only", "MIT OR GPL-3.0-only", "Unheard-Of"))
    return found


complete_facts = st.fixed_dictionaries(_values())
facts = st.fixed_dictionaries({}, optional=_values())

ORDER = choice(("<", "<=", ">", ">=", "==", "!="))
EQUALITY = choice(("==", "!="))


def quoted_list(words: list[str]) -> str:
    return "[" + ", ".join(f'"{word}"' for word in words) + "]"


def _some(words: Any) -> st.SearchStrategy[str]:
    return st.lists(choice(words), min_size=1, max_size=3).map(quoted_list)


def text(template: str, **parts: st.SearchStrategy[Any]) -> st.SearchStrategy[str]:
    return st.fixed_dictionaries(parts).map(lambda drawn: template.format(**drawn))


def _word_atoms() -> list[st.SearchStrategy[str]]:
    found = []
    for path, words in WORDS.items():
        found.append(text(path + ' {op} "{word}"', op=EQUALITY, word=choice(words)))
        found.append(text(path + " {op} {words}", op=choice(("in", "not in")), words=_some(words)))
    return found


def _numbers(*more: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.recursive(
        st.one_of(
            choice(NUMBERS),
            choice(("0", "0.5", "7", "-1")),
            choice(("profile.p.limit", "profile.p.e", "profile.p.m[advisory.source]")),
            choice(("days_since(vuln.published)", "percent_of(epss.score, cvss.score)")),
            *more,
        ),
        lambda inner: text("({left} {op} {right})", left=inner, op=choice("+-*/"), right=inner),
        max_leaves=3,
    )


numbers = _numbers()
numbers_of_absence = _numbers(text("coalesce({path}, {default})", path=choice(NUMBERS), default=choice(("0", "0.9"))))
in_statement = st.one_of(
    text('status {op} "{word}"', op=EQUALITY, word=choice(STATEMENT_STATUSES)),
    text("trust {op} {number}", op=ORDER, number=numbers),
    choice(('source == "redhat" and severity.normalized >= "high"', "issued_at < run.at or kev.listed")),
)
atoms: st.SearchStrategy[str] = st.one_of(
    *_word_atoms(),
    text('severity.normalized {op} "{word}"', op=ORDER, word=choice(SEVERITIES)),
    text("severity.normalized in {words}", words=_some(SEVERITIES)),
    text('severity_band(cvss.score) {op} "high"', op=ORDER),
    text("{left} {op} {right}", left=numbers, op=ORDER, right=numbers),
    text("vex.count({inner}) {op} 1", inner=in_statement, op=ORDER),
    text("{left} {op} {right}", left=choice(TIMES), op=ORDER, right=choice((*TIMES, 'date("2026-06-20")'))),
    text("{left} + 20d {op} run.at", left=choice(TIMES), op=ORDER),
    choice((*BOOLS, "profile.p.hot", "true", "false")),
    text("{left} {op} {right}", left=choice(BOOLS), op=EQUALITY, right=choice((*BOOLS, "true", "false"))),
    text('"{word}" {op} vuln.cwes', word=choice(LISTS["vuln.cwes"]), op=choice(("in", "not in"))),
    text("vex.{form}({inner})", form=choice(("any", "all")), inner=in_statement),
    text('vex.latest({inner}).status {op} "fixed"', inner=st.one_of(st.just(""), in_statement), op=EQUALITY),
    choice(
        (
            'license.satisfies(["MIT"])',
            'starts_with(component.name, "lo")',
            'lowercase(component.name) == "openssl"',
            'matches_any(vuln.cwes, ["CWE-7*"])',
            'contains(vuln.cwes, "CWE-89")',
        )
    ),
)

atoms_of_absence: st.SearchStrategy[str] = st.one_of(
    text("coalesce({path}, {default})", path=choice(BOOLS), default=choice(("true", "false", "kev.listed"))),
    text("exists({path})", path=choice([path for path in PATHS if path != "vex.statements"])),
    text("{left} {op} {right}", left=numbers_of_absence, op=ORDER, right=numbers_of_absence),
)


def _joined(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    chains = st.lists(inner, min_size=2, max_size=3)
    return st.one_of(
        chains.map(lambda parts: "(" + " and ".join(parts) + ")"),
        chains.map(lambda parts: "(" + " or ".join(parts) + ")"),
        inner.map(lambda part: f"not ({part})"),
        st.tuples(inner, inner).map(lambda pair: f"(({pair[0]}) == ({pair[1]}))"),
    )


plain_conditions: st.SearchStrategy[str] = st.recursive(atoms, _joined, max_leaves=6)
conditions: st.SearchStrategy[str] = st.recursive(st.one_of(atoms, atoms_of_absence), _joined, max_leaves=6)
"""All conditions, those included that deal with absence; `plain_conditions` never ask whether a fact is known."""

timed = choice(
    ('date("2026-06-15")', "exception.expires_at", "vuln.published + 14d", 'instant("2026-06-15T12:00:00Z")')
)
status_actions: st.SearchStrategy[str] = st.one_of(
    choice(("block", "warn", "escalate", 'escalate to "ciso"', "status := vex.status")),
    choice(("pass", "ignored", "warned", "guarded_pass", "affected", "fixed")).map(lambda word: f'status := "{word}"'),
    text("ignore until {until}", until=timed),
    text("defer until {until}", until=timed),
    st.just('requireVex { vendors = ["RedHat"] justifications = ["component_not_present"] }'),
)
other_actions = st.one_of(
    text('warn message "{word}"', word=choice("abc")),
    text("annotate note.{name} := {number}", name=choice("xy"), number=choice(("epss.score", "age.days"))),
    text("severity := {value}", value=choice(('"low"', '"critical"', "severity_band(cvss.score)"))),
    text("{target} := {value}", target=choice(("score", "confidence")), value=choice(("1", "epss.score", "age.days"))),
)
actions = st.lists(st.one_of(status_actions, status_actions, other_actions), min_size=1, max_size=2)


def _rule(drawn: dict[str, Any]) -> Callable[[int], str]:
    priority = "" if drawn["priority"] is None else f" priority {drawn['priority']}"
    otherwise = " else " + " ".join(drawn["otherwise"]) if drawn["otherwise"] else ""
    body = f"when {drawn['condition']} then {' '.join(drawn['actions'])}{otherwise}"
    return lambda number: f"  rule r{number}{priority} {{ {body} }}\n"


def _rules(asked: st.SearchStrategy[str]) -> st.SearchStrategy[Callable[[int], str]]:
    return st.fixed_dictionaries(
        {
            "priority": choice((None, None, 10, 200)),
            "condition": asked,
            "actions": actions,
            "otherwise": st.one_of(st.just([]), st.just([]), actions),
        }
    ).map(_rule)


settings = st.one_of(
    st.just(""),
    text(
        "  settings {{ default_status = {default}  on_unknown = {unknown} }}\n",
        default=choice(("pass", "warned", "guarded_pass")),
        unknown=choice(("pass", "warn", "block")),
    ),
)


def _program(drawn: tuple[str, list[Callable[[int], str]]]) -> str:
    setting, built = drawn
    return program(setting, [rule(number) for number, rule in enumerate(built)])


def program(setting: str, written: list[str]) -> str:
    """Return the source of a policy with these rules."""
    return f'policy "p" syntax "stella-dsl@1" {{\n{DECLARED}{setting}{PROFILES}{"".join(written)}}}\n'


programs = st.tuples(settings, st.lists(_rules(conditions), min_size=1, max_size=6)).map(_program)
plain_programs = st.tuples(settings, st.lists(_rules(plain_conditions), min_size=1, max_size=6)).map(_program)
