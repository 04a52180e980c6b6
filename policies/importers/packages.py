"""Packages named in the words of a tool (a manager, a distribution, a lock file), never by a package URL."""

from pathlib import PurePosixPath

from policies.importers.components import inferred_purl, purl_component
from policies.importers.records import Component

# What names a package in the words of one ecosystem, as `inferred_purl` knows them.
_MANAGERS = {
    "cargo": "cargo",
    "composer": "composer",
    "dotnet": "nuget",
    "gem": "bundler",
    "go-module": "gomod",
    "golang": "gomod",
    "golangdep": "gomod",
    "gomodules": "gomod",
    "govendor": "gomod",
    "gradle": "gradle",
    "java-archive": "jar",
    "jenkins-plugin": "jar",
    "maven": "pom",
    "npm": "npm",
    "nuget": "nuget",
    "paket": "nuget",
    "php-composer": "composer",
    "pip": "pip",
    "pipenv": "pip",
    "pnpm": "npm",
    "poetry": "pip",
    "python": "pip",
    "rubygems": "bundler",
    "rust-crate": "cargo",
    "sbt": "pom",
    "yarn": "npm",
}
_LOCK_FILES = {
    "bun.lock": "npm",
    "cargo.lock": "cargo",
    "composer.lock": "composer",
    "gemfile.lock": "bundler",
    "go.mod": "gomod",
    "gradle.lockfile": "gradle",
    "installed.json": "composer",
    "package-lock.json": "npm",
    "package.json": "npm",
    "packages.lock.json": "nuget",
    "pipfile.lock": "pip",
    "pnpm-lock.yaml": "npm",
    "poetry.lock": "pip",
    "pom.xml": "pom",
    "requirements.txt": "pip",
    "uv.lock": "pip",
    "yarn.lock": "npm",
}
_ARCHIVES = {".jar": "jar", ".war": "jar", ".ear": "jar", ".par": "jar"}
# Whose package URLs every scanner writes alike; of others type, name and version must do.
_DISTROS = {
    "alpine": ("apk", "alpine"),
    "chainguard": ("apk", "chainguard"),
    "debian": ("deb", "debian"),
    "ubuntu": ("deb", "ubuntu"),
    "wolfi": ("apk", "wolfi"),
}
_PURL_TYPES = {"jar": "maven", "pom": "maven", "gradle": "maven", "bundler": "gem", "gomod": "golang", "pip": "pypi"}
SYSTEM_PACKAGES = frozenset({"apk", "deb", "rpm"})


def package_of_manager(
    manager: str, name: str, version: str, *, distribution: str = "", paths: tuple[str, ...] = ()
) -> Component:
    """Return the package that a tool names by its manager ("deb", "npm", "maven"); `distribution` as `distro_of` does.

    Without a package URL it keeps type, name and version; the type is empty where the tool names none we know.
    """
    kind = manager.strip().lower()
    if kind in SYSTEM_PACKAGES:
        known = _DISTROS.get(distribution)
        words = distribution if known and known[0] == kind else ""
        return _package(words, kind, name, version, paths)
    words = _MANAGERS.get(kind, "")
    return _package(words, _PURL_TYPES.get(words, words), name, version, paths)


def package_of_file(path: str, name: str, version: str, *, paths: tuple[str, ...] = ()) -> Component:
    """Return the package that a tool names by the file it was found in, a lock file or an archive."""
    file = PurePosixPath(path.replace("\\", "/"))
    words = _LOCK_FILES.get(file.name.lower()) or _ARCHIVES.get(file.suffix.lower(), "")
    return _package(words, "", name, version, paths)


def _package(words: str, kind: str, name: str, version: str, paths: tuple[str, ...]) -> Component:
    is_whole = (words != "jar" and _PURL_TYPES.get(words) != "maven") or ":" in name
    purl = inferred_purl(words, name, version) if words and version and is_whole else None
    if purl is None:
        return Component(type=kind, name=name, version=version, paths=paths)
    return purl_component(purl, paths=paths)
