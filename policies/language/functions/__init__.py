"""The functions of the language: pure, typed, the same on every machine."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from policies.language.functions import components, cvss, licences, quantities, text
from policies.language.functions.signature import Function, Implementation, Parameter, unknown_if_unknown
from policies.language.types import Type

__all__ = ["FUNCTIONS", "IMPLEMENTATIONS", "METHODS", "Function", "Implementation", "Parameter"]

_TEXT = Parameter("text", Type.STRING)
_GLOBS = Parameter("globs", Type.STRINGS)
_VECTOR = Parameter("vector", Type.STRING, check=cvss.vector_mistake)
_PATTERN = Parameter("pattern", Type.STRING, check=components.pattern_mistake)

_DECLARED = (
    Function(
        "lowercase",
        (_TEXT,),
        Type.STRING,
        text.lowercase,
        "The text in lower case.",
        'lowercase(component.name) == "openssl"',
    ),
    Function(
        "starts_with",
        (_TEXT, Parameter("prefix", Type.STRING)),
        Type.BOOL,
        text.starts_with,
        "Whether the text begins with the prefix.",
        'starts_with(vuln.id, "GHSA-")',
    ),
    Function(
        "ends_with",
        (_TEXT, Parameter("suffix", Type.STRING)),
        Type.BOOL,
        text.ends_with,
        "Whether the text ends with the suffix.",
        'ends_with(component.version, "-SNAPSHOT")',
    ),
    Function(
        "contains",
        (_TEXT, Parameter("part", Type.STRING)),
        Type.BOOL,
        text.contains,
        "Whether the part occurs in the text, or the item in the list.",
        'contains(component.paths, "app/lib/vendored.jar")',
    ),
    Function(
        "matches_any",
        (Parameter("value", Type.STRING), _GLOBS),
        Type.BOOL,
        text.matches_any,
        "Whether one of the globs matches the whole text, or one text of the list; `*` is any run, `?` one character.",
        'matches_any(component.name, ["log4j-*", "slf4j-*"])',
    ),
    Function(
        "percent_of",
        (Parameter("part", Type.NUMBER), Parameter("total", Type.NUMBER)),
        Type.NUMBER,
        quantities.percent_of,
        "How many percent of the total the part is; unknown where the total is zero.",
        "percent_of(delta.new_findings, 200) > 5",
    ),
    Function(
        "severity_band",
        (Parameter("score", Type.NUMBER),),
        Type.SEVERITY,
        quantities.severity_band,
        "The severity of a CVSS score: none 0, low 0.1, medium 4.0, high 7.0, critical 9.0; unknown outside 0 to 10.",
        'severity_band(cvss.score) >= "high"',
    ),
    Function(
        "normalize_cvss",
        (_VECTOR,),
        Type.STRING,
        cvss.normalize_cvss,
        "The CVSS vector (2.0 to 4.0) in canonical order; unknown where it is none.",
        'contains(normalize_cvss(cvss.vector), "/AV:N/")',
    ),
    Function(
        "cvss",
        (_VECTOR,),
        Type.NUMBER,
        cvss.cvss,
        "The most specific score of a CVSS vector (2.0 to 4.0); unknown where it is none.",
        "cvss(cvss.vector) >= 9.0",
    ),
    Function(
        "purl_match",
        (Parameter("purl", Type.STRING), _PATTERN),
        Type.BOOL,
        components.purl_match,
        "Whether a package URL matches a pattern of globs; a `*` crosses `/`, the version may be left out.",
        'purl_match(component.purl, "pkg:maven/org.apache.*/log4j-*@2.*")',
    ),
    Function(
        "version_in",
        (Parameter("version", Type.STRING), Parameter("range", Type.STRING, check=components.range_mistake)),
        Type.BOOL,
        components.version_in,
        "Whether a version lies in a `vers:` range, ordered as its ecosystem does; unknown where one cannot be read.",
        'version_in(component.version, "vers:maven/>=2.0.0|<2.15.0")',
    ),
    Function(
        "days_between",
        (Parameter("first", Type.INSTANT), Parameter("second", Type.INSTANT)),
        Type.NUMBER,
        quantities.days_between,
        "How many days lie between two instants; negative where the second is earlier.",
        "days_between(vuln.published, advisory.published) > 30",
    ),
    Function(
        "days_since",
        (Parameter("instant", Type.INSTANT), Parameter("at", Type.INSTANT, default_fact="run.at")),
        Type.NUMBER,
        quantities.days_since,
        "How many days ago the instant was, seen from `at`, which is `run.at` where it is left out.",
        "days_since(vuln.published) > 30",
    ),
    Function(
        "days",
        (Parameter("count", Type.NUMBER),),
        Type.DURATION,
        quantities.days,
        "A duration of that many days.",
        "age.first_seen + days(30) < run.at",
    ),
)
FUNCTIONS: Final[Mapping[str, Function]] = MappingProxyType({function.name: function for function in _DECLARED})
"""The functions an author calls by name; `exists`, `coalesce` and the aggregates are forms of the language itself."""

_METHODS = {
    "license.satisfies": Function(
        "licence_satisfies",
        (Parameter("license.expression", Type.STRING), Parameter("allow", Type.STRINGS)),
        Type.BOOL,
        licences.licence_satisfies,
        "Whether the licence can be satisfied within the list: of OR one side, of AND both, WITH as written.",
        'license.satisfies(["MIT", "Apache-2.0", "BSD-*"])',
    ),
    "sbom.has_component": Function(
        "any_purl_match",
        (Parameter("sbom.components", Type.STRINGS), _PATTERN),
        Type.BOOL,
        components.any_purl_match,
        "Whether the artifact has a component that matches the pattern.",
        'sbom.has_component("pkg:npm/left-pad")',
    ),
    "secret.bundle.version": Function(
        "version_at_least",
        (Parameter("secret.bundle.version", Type.STRING), Parameter("version", Type.STRING)),
        Type.BOOL,
        components.version_at_least,
        "Whether the rules the secret was found with are of that version or later.",
        'secret.bundle.version("2026.05")',
    ),
}
METHODS: Final[Mapping[str, Function]] = MappingProxyType(_METHODS)
"""The functions an author calls on a fact; the first parameter is named after the fact that is handed in."""

_INTERNAL: Mapping[str, Implementation] = {"any_matches_any": text.any_matches_any}

IMPLEMENTATIONS: Final[Mapping[str, Implementation]] = MappingProxyType(
    {
        name: unknown_if_unknown(implementation)
        for name, implementation in (
            *((function.name, function.implementation) for function in FUNCTIONS.values()),
            *((function.name, function.implementation) for function in METHODS.values()),
            *_INTERNAL.items(),
        )
    }
)
"""Every function a program may name, by the name the canonical program has for it."""
