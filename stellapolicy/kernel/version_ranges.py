"""Version ranges as `vers` URIs (VERS specification), compared as the versions of their ecosystem compare."""

from functools import lru_cache

from univers.nuget import InvalidNuGetVersion
from univers.version_constraint import InvalidConstraintsError
from univers.version_range import VersionRange

# The errors of the library that are no ValueError.
_OF_THE_LIBRARY = (InvalidNuGetVersion, InvalidConstraintsError)
# Versions that no ecosystem orders: text order would call 10 older than 9.
_UNORDERED = ("vers:generic/", "vers:none/", "vers:all/")


@lru_cache(maxsize=4096)
def contains(vers: str, version: str) -> bool | None:
    """Whether a version lies in a range such as `vers:npm/>=1.0.0|<2.0.0`; None where either cannot be read.

    What cannot be read is unknown, so that nobody takes it for a yes or for a no; so is a range that is not spelled as
    the specification wants, of which the library would make one that its author may not have meant.
    """
    if not version or vers.startswith(_UNORDERED):
        return None
    try:
        spoken = VersionRange.from_string(vers)  # type: ignore[no-untyped-call]  # the library's
        if str(spoken) != vers:
            return None
        return bool(spoken.version_class(version) in spoken)
    except (ValueError, TypeError, AttributeError, KeyError, IndexError, NotImplementedError, *_OF_THE_LIBRARY):
        return None
