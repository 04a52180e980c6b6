"""Where in a Trivy report a row stands: its target, class and type, and the cluster resource around it."""

from dataclasses import dataclass

SCANNER = "trivy"


@dataclass(frozen=True, slots=True)
class Target:
    """One result of a report: a file, an operating system, or a resource of a cluster."""

    name: str
    class_name: str
    type: str
    resource: str = ""

    @property
    def is_system(self) -> bool:
        """Whether the packages are those of the operating system; `type` is then the distribution."""
        return self.class_name == "os-pkgs"

    def within(self, path: str) -> str:
        """Return the path of something in this target, the cluster resource first when there is one."""
        place = path or self.name
        return f"{self.resource}: {place}" if self.resource else place

    def paths(self, path: str) -> tuple[str, ...]:
        """Return where a package lies; the name Trivy gives an operating system is no path."""
        if path or self.resource or not self.is_system:
            return (self.within(path),)
        return ()
