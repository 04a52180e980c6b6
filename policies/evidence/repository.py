"""Which repositories a report says its artifact comes from, and whether a claimed name agrees."""

from collections.abc import Iterable, Sequence

from policies.importers.records import ReportSubject
from stellapolicy.kernel.identity import Purl, parse_purl
from stellapolicy.kernel.image_names import bare_name

_IMAGES = frozenset({"image", "container", "container_image"})
_ARCHIVES = (".tar", ".tar.gz", ".tgz", ".tar.zst")
_HUB_HOSTS = ("docker.io/", "index.docker.io/", "registry-1.docker.io/", "registry.hub.docker.com/")
_HUB_OFFICIAL = "library/"


def stated_repositories(subject: ReportSubject, artifact_digest: str) -> tuple[str, ...]:
    """Return the repositories a report names for the artifact, without tag or digest, the surest kind of word only.

    Surest is a repository digest that is the artifact's own, then a purl of an image, then tags, then the image's
    name. Names of files, packages and applications are no repositories.
    """
    ladder = (
        [bare_name(one) for one in subject.references if one.endswith(f"@{artifact_digest}")],
        _of_purl(subject.purl),
        [bare_name(tag) for tag in subject.tags],
        [bare_name(subject.name)] if subject.kind in _IMAGES and not subject.name.endswith(_ARCHIVES) else [],
    )
    return next((tuple(sorted(set(names))) for names in ladder if any(names)), ())


def contradicts(claimed: str, stated: Iterable[str]) -> bool:
    """Whether a claimed name agrees with none of the stated repositories; a missing word contradicts nothing.

    One may leave out the registry that the other names: `shop/api` agrees with `registry.example/shop/api`. The file
    that an image was scanned in is a name of no repository: the report's own word is taken.
    """
    if claimed.endswith(_ARCHIVES):
        return False
    said = [_comparable(name) for name in stated]
    name = _comparable(bare_name(claimed))
    return bool(name and said) and not any(_ends_alike(name, one) for one in said)


def name_of(claimed: str, stated: Sequence[str]) -> str:
    """Return what to call an artifact: as claimed where a report states exactly that, else by the report's word."""
    if not stated:
        return claimed
    said = {_comparable(name) for name in stated}
    return claimed if claimed and _comparable(bare_name(claimed)) in said else stated[0]


def _of_purl(purl: str) -> list[str]:
    """Return the repository of `pkg:oci/…?repository_url=…` or `pkg:docker/…`."""
    if not purl.startswith(("pkg:oci/", "pkg:docker/")):
        return []
    parts = parse_purl(purl)
    if url := parts.qualifiers.get("repository_url", ""):
        whole = parts.type == "oci" or url.rstrip("/").endswith(parts.name)
        return [url.rstrip("/") if whole else "/".join(one for one in (url.rstrip("/"), _path(parts)) if one)]
    return [_path(parts)] if parts.type == "docker" else []


def _path(parts: Purl) -> str:
    return f"{parts.namespace}/{parts.name}" if parts.namespace else parts.name


def _comparable(name: str) -> str:
    """Return a repository as every tool would spell it: the public hub is nobody's address."""
    host = next((host for host in _HUB_HOSTS if name.startswith(host)), "")
    return name.removeprefix(host).removeprefix(_HUB_OFFICIAL) if host else name.removeprefix(_HUB_OFFICIAL)


def _ends_alike(one: str, other: str) -> bool:
    shorter, longer = sorted((one, other), key=len)
    return longer == shorter or longer.endswith(f"/{shorter}")
