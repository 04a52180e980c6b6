"""What the policies room seeds: the shipped packs, and the baseline for everybody who chose nothing."""

from datetime import datetime
from pathlib import Path

from policies.models import PackBinding, PackRevision, PolicyPack
from policies.services.packs import PackFile, keep_revision
from stellapolicy.audit import services as audit
from stellapolicy.kernel.actor import Actor

SHIPPED = Path(__file__).parent / "packs"
TITLES = {"baseline": "Baseline", "strict": "Strict"}
DEFAULT_PACK = "baseline"


def seed_packs(*, actor: Actor, at: datetime) -> None:
    """Install the shipped packs; one that moved on arrives as a draft beside what is in force."""
    for folder in sorted(path for path in SHIPPED.iterdir() if path.is_dir()):
        pack, created = PolicyPack.objects.get_or_create(
            name=folder.name,
            defaults={"title": TITLES.get(folder.name, folder.name.replace("-", " ").capitalize()), "created_at": at},
        )
        _seed_revision(pack, shipped_files(folder.name), install=created, actor=actor, at=at)
    if not PackBinding.objects.exists():
        PackBinding.objects.create(pack=PolicyPack.objects.get(name=DEFAULT_PACK), environment=None, created_at=at)


def shipped_files(name: str) -> list[PackFile]:
    """Return the sources of a shipped pack."""
    return [PackFile(path.name, path.read_text(encoding="utf-8")) for path in sorted((SHIPPED / name).glob("*.stella"))]


def _seed_revision(pack: PolicyPack, files: list[PackFile], *, install: bool, actor: Actor, at: datetime) -> None:
    sources = [{"path": file.path, "text": file.text} for file in files]
    if PackRevision.objects.filter(pack=pack, sources=sources).exists():
        return
    revision = keep_revision(actor=actor, pack=pack, files=files, at=at)
    if install:
        revision.install()
        revision.save(update_fields=["state"])
    action = "pack.installed" if install else "pack.update_proposed"
    audit.record(actor, action, revision, at=at, after_digest=revision.digest)
