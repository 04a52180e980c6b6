"""What a pipeline's ID token says of its run, in one vocabulary for GitHub Actions, GitLab CI and others. Pure.

Claims as documented by GitHub ("OpenID Connect reference") and GitLab ("ID token authentication").
"""

from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Final

from stellapolicy.access.id_tokens import Claims, text_of
from stellapolicy.access.identity_errors import (
    EnvironmentRefused,
    ForkRefused,
    IdentityMalformed,
    RefRefused,
    RefUnprotected,
)

# Runs on code that a stranger may have written; neither provider's token says for sure from which repository.
_FOREIGN_EVENTS: Final = frozenset(
    {
        "pull_request",
        "pull_request_target",
        "pull_request_review",
        "pull_request_review_comment",
        "issue_comment",
        "workflow_run",
        "merge_request_event",
        "external_pull_request_event",
    }
)
_LONGEST_SUBJECT = 190


class Provider(StrEnum):
    """Whose claims these are."""

    GITHUB = "github"
    GITLAB = "gitlab"
    GENERIC = "generic"


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a pipeline: where it comes from, on which ref, into which environment.

    repository_id: never given to another repository, not even after a deletion; the name may be.
    """

    provider: Provider
    repository_id: str
    repository: str
    ref: str
    is_protected: bool
    environment: str
    is_foreign: bool
    token_id: str

    @property
    def subject(self) -> str:
        """The name under which this run acts, in at most 190 characters."""
        return f"workload:{self.provider}:{self.repository}@{self.ref}"[:_LONGEST_SUBJECT]


def run_of(provider: Provider, claims: Claims) -> Run:
    """Return the run that verified claims describe; refuses claims without repository id, ref or `jti`."""
    run = _READERS[provider](claims)
    if not (run.repository_id and run.ref and run.token_id):
        raise IdentityMalformed(f"a token of {provider} names the repository's id, the ref and its own id (jti)")
    return run


def judge(run: Run, *, ref_pattern: str, protected_only: bool, environment: str) -> None:
    """Refuse a run that a trusted workload does not cover: fork, ref, protection, environment."""
    if run.is_foreign:
        raise ForkRefused("runs of pull and merge requests may hold code of a fork; ask from a branch instead")
    if not fnmatchcase(run.ref, ref_pattern):
        raise RefRefused(f"{run.ref} is not trusted, {ref_pattern} is")
    if protected_only and not run.is_protected:
        raise RefUnprotected(f"{run.ref} is not protected")
    if environment and run.environment != environment:
        raise EnvironmentRefused(f"the run is for {run.environment or 'no environment'}, trusted is {environment}")


def _github(claims: Claims) -> Run:
    repository = text_of(claims, "repository")
    head = text_of(claims, "head_repo") or text_of(claims, "head_repository")
    return Run(
        provider=Provider.GITHUB,
        repository_id=text_of(claims, "repository_id"),
        repository=repository,
        ref=text_of(claims, "ref"),
        is_protected=_says_yes(claims, "ref_protected"),
        environment=text_of(claims, "environment"),
        is_foreign=text_of(claims, "event_name") in _FOREIGN_EVENTS
        or text_of(claims, "ref").startswith("refs/pull/")
        or head not in {"", repository},
        token_id=text_of(claims, "jti"),
    )


def _gitlab(claims: Claims) -> Run:
    ref, kind = text_of(claims, "ref"), text_of(claims, "ref_type")
    folder = {"branch": "refs/heads/", "tag": "refs/tags/"}.get(kind)
    whole = text_of(claims, "ref_path") or (f"{folder}{ref}" if folder and ref else "")
    return Run(
        provider=Provider.GITLAB,
        repository_id=text_of(claims, "project_id"),
        repository=text_of(claims, "project_path"),
        ref=whole,
        is_protected=_says_yes(claims, "ref_protected"),
        environment=text_of(claims, "environment"),
        is_foreign=text_of(claims, "pipeline_source") in _FOREIGN_EVENTS or whole.startswith("refs/merge-requests/"),
        token_id=text_of(claims, "jti"),
    )


def _generic(claims: Claims) -> Run:
    """Another issuer names the repository by `repository_id`, or is trusted subject by subject."""
    subject = text_of(claims, "sub")
    return Run(
        provider=Provider.GENERIC,
        repository_id=text_of(claims, "repository_id") or subject,
        repository=text_of(claims, "repository") or subject,
        ref=text_of(claims, "ref"),
        is_protected=_says_yes(claims, "ref_protected"),
        environment=text_of(claims, "environment"),
        is_foreign=text_of(claims, "event_name") in _FOREIGN_EVENTS,
        token_id=text_of(claims, "jti"),
    )


def _says_yes(claims: Claims, name: str) -> bool:
    """Both providers write the truth as the text `true`."""
    return claims.get(name) in (True, "true")


_READERS: Final = {Provider.GITHUB: _github, Provider.GITLAB: _gitlab, Provider.GENERIC: _generic}
