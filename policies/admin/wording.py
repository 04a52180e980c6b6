"""Numbers of the evidence as they are read."""

from stellapolicy.kernel.decimals import EPSS_UNITS


def percent(units: int) -> str:
    """Return a probability in 10⁻⁵ as a percentage; what is not zero never reads as zero."""
    share = units * 100 / EPSS_UNITS
    return f"{share:.1f} %" if share >= 0.1 or not units else f"{share:.3f} %"  # noqa: PLR2004 - a tenth of a percent


def size(octets: int) -> str:
    """Return a size in the unit that reads best."""
    if octets < 1024:  # noqa: PLR2004 - a kibibyte
        return f"{octets} B"
    if octets < 1024 * 1024:
        return f"{octets / 1024:.1f} KiB"
    return f"{octets / 1024 / 1024:.1f} MiB"
