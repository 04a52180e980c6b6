"""Severity is chosen once per finding (distribution, vendor or GHSA, NVD, scanner), and the choice names its author."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import attrgetter

from policies.importers.records import Cvss, Rating, Standing
from stellapolicy.kernel import decimals
from stellapolicy.kernel import severity as scale
from stellapolicy.kernel.severity import RANKS, Severity

HIGHEST_SCORE = 10

_WORDS = {
    "critical": Severity.CRITICAL,
    "high": Severity.HIGH,
    "important": Severity.HIGH,
    "medium": Severity.MEDIUM,
    "moderate": Severity.MEDIUM,
    "low": Severity.LOW,
    "minor": Severity.LOW,
    "negligible": Severity.LOW,
    "unimportant": Severity.LOW,
    "info": Severity.INFO,
    "informational": Severity.INFO,
    "none": Severity.NONE,
}
_PREFERENCE = (Standing.DISTRO, Standing.VENDOR, Standing.NVD, Standing.SCANNER, Standing.BYSTANDER)
_ORDER = {standing: place for place, standing in enumerate(_PREFERENCE)}
_VERSIONS = {"2.0": 1, "3.0": 2, "3.1": 3, "4.0": 4}
_SPELLED = attrgetter("source", "standing", "cvss_version", "vector", "score_tenths", "severity")
_V2_HIGH, _V2_MEDIUM = 70, 40

# Every name under which a scanner quotes a distribution, and the one we use; a distribution and its rebuild differ.
_DISTROS = {
    "alma": "alma",
    "almalinux": "alma",
    "alpine": "alpine",
    "amazon": "amazon",
    "amazonlinux": "amazon",
    "amzn": "amazon",
    "alas": "amazon",
    "arch": "arch",
    "archlinux": "arch",
    "arch-linux": "arch",
    "azure": "azure",
    "azurelinux": "azure",
    "bottlerocket": "bottlerocket",
    "cbl-mariner": "azure",
    "mariner": "azure",
    "centos": "redhat",
    "chainguard": "chainguard",
    "debian": "debian",
    "echo": "echo",
    "fedora": "fedora",
    "gentoo": "gentoo",
    "minimos": "minimos",
    "opensuse": "suse",
    "opensuse-leap": "suse",
    "opensuse-tumbleweed": "suse",
    "opensuse.leap": "suse",
    "opensuse.tumbleweed": "suse",
    "oracle": "oracle",
    "oracle-oval": "oracle",
    "oraclelinux": "oracle",
    "ol": "oracle",
    "photon": "photon",
    "red hat": "redhat",
    "redhat": "redhat",
    "redhat-oval": "redhat",
    "redhat-csaf-vex": "redhat",
    "rhel": "redhat",
    "rocky": "rocky",
    "rockylinux": "rocky",
    "sles": "suse",
    "slem": "suse",
    "sle": "suse",
    "suse": "suse",
    "suse-cvrf": "suse",
    "suse linux enterprise server": "suse",
    "ubuntu": "ubuntu",
    "wolfi": "wolfi",
}
_VENDORS = {  # the databases of GitHub and of the language ecosystems
    "ghsa": "ghsa",
    "github": "ghsa",
    "github advisory": "ghsa",
    "github advisories": "ghsa",
    "github advisory database": "ghsa",
    "github_m": "ghsa",
    "security-advisories@github.com": "ghsa",
    "glad": "glad",
    "gitlab": "glad",
    "go-vulndb": "go-vulndb",
    "govulndb": "go-vulndb",
    "nodejs-security-wg": "nodejs-security-wg",
    "osv": "osv",
    "php-security-advisories": "php-security-advisories",
    "pypa": "pypa",
    "ruby-advisory-db": "ruby-advisory-db",
    "rustsec": "rustsec",
}
_ECOSYSTEMS = frozenset(_VENDORS.values())
_NVD = frozenset({"nvd", "nist", "nvd@nist.gov", "nist nvd", "national vulnerability database"})


@dataclass(frozen=True, slots=True)
class Choice:
    """The one severity and the one CVSS of a finding, each with its author."""

    severity: Severity
    severity_source: str
    cvss: Cvss | None


def severity_of_word(word: str) -> Severity:
    """Return the severity a scanner's word stands for; what is not a severity is unknown, never none."""
    return _WORDS.get(word.strip().lower(), Severity.UNKNOWN)


@lru_cache(maxsize=4_096)
def distro_of(name: str) -> str:
    """Return the one name of a distribution, "" when the text names none ("debian:10", "debian 10.2" and "Debian")."""
    word = name.strip().lower()
    known = _DISTROS.get(word)
    if known is None:
        known = _DISTROS.get(word.partition(":")[0].split(" ")[0], "")
    return known


@lru_cache(maxsize=4_096)
def author_of(name: str) -> str:
    """Return the one name of whoever rated: "nvd", "ghsa", a distribution, or the name as it was given."""
    word = name.strip().lower()
    if word in _NVD or word.startswith("nvd:"):
        return "nvd"
    vendor = _VENDORS.get(word) or _VENDORS.get(word.partition(":")[0])
    return vendor or distro_of(name) or word


def standing_of(author: str, *, distros: Iterable[str], advisory: str, scanner: str) -> Standing:
    """Return how near an author (as `author_of` gives it) is to a component of these distributions.

    A distribution speaks for its own packages only: what Red Hat says of an Alpine package is a bystander's word.
    Whoever published the advisory that matched is its vendor; GitHub and the ecosystems' databases always are.
    """
    if author in distros:
        return Standing.DISTRO
    if author == "nvd":
        return Standing.NVD
    if author in _ECOSYSTEMS or (author == advisory and author != scanner):
        return Standing.VENDOR
    return Standing.SCANNER if author == scanner else Standing.BYSTANDER


@lru_cache(maxsize=4_096)
def score_tenths(score: float) -> int:
    """Return a CVSS score in tenths; raises ValueError outside 0 to 10."""
    if not 0 <= score <= HIGHEST_SCORE:
        raise ValueError(f"{score!r} is not a CVSS score (0 to {HIGHEST_SCORE})")
    return decimals.cvss_tenths(score)


def version_of_vector(vector: str) -> str:
    """Return the CVSS version a vector is written in, "" when it does not show."""
    head = vector.strip()
    if head.upper().startswith("CVSS:"):
        version = head[5:8]
        return version if version in _VERSIONS else ""
    return "2.0" if "Au:" in head else ""


def severity_of_score(version: str, tenths: int) -> Severity:
    """Return the qualitative rating of a score; CVSS v2 knows neither none nor critical (NVD's v2 bands)."""
    if version != "2.0":
        return scale.of_cvss(tenths)
    if tenths >= _V2_HIGH:
        return Severity.HIGH
    return Severity.MEDIUM if tenths >= _V2_MEDIUM else Severity.LOW


def with_derived_severities(ratings: Sequence[Rating]) -> tuple[Rating, ...]:
    """Return the distinct ratings in order, authors who gave only a score rated by its band.

    An author's own word always stands; a score of 0 without a vector is how some tools write "no score".
    """
    worded = {rating.source for rating in ratings if rating.severity is not Severity.UNKNOWN}
    made = [rating if rating.source in worded else _derived(rating) for rating in ratings]
    return tuple(sorted(dict(zip(map(_SPELLED, made), made, strict=True)).values(), key=_SPELLED))


def _derived(rating: Rating) -> Rating:
    if not rating.has_score or (rating.score_tenths == 0 and not rating.vector):
        return rating
    band = severity_of_score(rating.cvss_version, rating.score_tenths)
    return Rating(rating.source, rating.standing, band, rating.cvss_version, rating.vector, rating.score_tenths)


def choose(ratings: Sequence[Rating]) -> Choice:
    """Return the severity of the nearest author who knows one, and the CVSS of the same author, else NVD's.

    Of one author the plain word counts before the newest CVSS version; of several authors of one standing the worst
    counts; then the alphabet decides, so that the order of the ratings never does.
    """
    spoken: dict[str, Rating] = {}
    for rating in ratings:
        if rating.severity is not Severity.UNKNOWN:
            known = spoken.get(rating.source)
            if known is None or _weight(rating) > _weight(known):
                spoken[rating.source] = rating
    if not spoken:
        return Choice(Severity.UNKNOWN, "", _shown(ratings, ""))
    nearest = min(spoken.values(), key=_distance)
    return Choice(nearest.severity, nearest.source, _shown(ratings, nearest.source))


def _distance(rating: Rating) -> tuple[int, int, str]:
    return (_ORDER[rating.standing], -RANKS[rating.severity], rating.source)


def _weight(rating: Rating) -> tuple[int, int, int, int, str]:
    version = _VERSIONS.get(rating.cvss_version, 0) if rating.has_score else len(_VERSIONS) + 1
    return (-_ORDER[rating.standing], version, RANKS[rating.severity], rating.score_tenths, rating.vector)


def _shown(ratings: Sequence[Rating], source: str) -> Cvss | None:
    scored = [rating for rating in ratings if rating.score_tenths >= 0]
    own = [rating for rating in scored if rating.source == source]
    candidates = own or [rating for rating in scored if rating.standing is Standing.NVD]
    if not candidates:
        return None
    best = max(candidates, key=_newest)
    return Cvss(best.cvss_version, best.vector, best.score_tenths, best.source)


def _newest(rating: Rating) -> tuple[int, int, str, str]:
    return (_VERSIONS.get(rating.cvss_version, 0), rating.score_tenths, rating.vector, rating.source)
