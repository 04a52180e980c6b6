"""What ids say of themselves, and what an ignored finding does not say."""

import re
from typing import Final

from stellapolicy.kernel.identity import is_advisory, is_cve, is_malware

NO_REASON: Final = "an ignored finding states no reason"
_VULNERABILITY = re.compile(r"(GHSA-[\w-]+|[A-Z][A-Z0-9]*-\d{4}-\d+\w*|TEMP-\d+-\w+|(SNYK|PYSEC|OSV|NSWG)-.+)")


def is_vulnerability(identifier: str) -> bool:
    """Whether an id names a vulnerability, by its form; anything else is a check, a rule or a licence."""
    return (
        is_cve(identifier)
        or is_advisory(identifier)
        or is_malware(identifier)
        or _VULNERABILITY.fullmatch(identifier) is not None
    )
