"""Which columns there are and of what type: a few that name a finding, and one for every fact of the catalogue.

Scores keep the types of the catalogue: numbers are IEEE doubles, severities their words, instants UTC microseconds,
durations seconds. What nobody knows is null.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import polars as pl

from policies.language.facts import CATALOGUE
from policies.language.types import Type

VERSION: Final = 1
SNAPSHOT, POSITION, KEY, KIND, IDENTIFIER, PURL, SEVERITY = (
    "snapshot",
    "position",
    "key",
    "kind",
    "identifier",
    "purl",
    "severity",
)
_INSTANT = pl.Datetime("us", "UTC")
_TYPES: Final[Mapping[Type, pl.DataType]] = {
    Type.BOOL: pl.Boolean(),
    Type.NUMBER: pl.Float64(),
    Type.STRING: pl.String(),
    Type.SEVERITY: pl.String(),
    Type.INSTANT: _INSTANT,
    Type.DURATION: pl.Float64(),
    Type.STRINGS: pl.List(pl.String()),
}
NAMING: Final[Mapping[str, pl.DataType]] = MappingProxyType(
    {
        SNAPSHOT: pl.String(),
        POSITION: pl.UInt32(),
        KEY: pl.String(),
        KIND: pl.String(),
        IDENTIFIER: pl.String(),
        PURL: pl.String(),
        SEVERITY: pl.String(),
    }
)
# Statements are not facts of stored evidence: they are weighed at each evaluation.
FACTS: Final[Mapping[str, pl.DataType]] = MappingProxyType(
    {path: _TYPES[spec.type] for path, spec in CATALOGUE.items() if spec.type in _TYPES}
)
SCHEMA: Final[Mapping[str, pl.DataType]] = MappingProxyType({**NAMING, **FACTS})
