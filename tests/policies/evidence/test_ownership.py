"""Which service an artifact joins, and by what."""

from dataclasses import dataclass, field

import pytest

from policies.evidence.ownership import most_specific


@dataclass
class Claimant:
    slug: str
    repositories: list[str] = field(default_factory=list)
    labels: dict[str, str] = field(default_factory=dict)


EVERYBODY = Claimant("everybody", ["*"])
SHOP = Claimant("shop", ["registry.example/shop/*"])
API = Claimant("api", ["registry.example/shop/api"])
WILD = Claimant("wild", ["registry.example/shop/????????????????????????????"])
LABELLED = Claimant("labelled", labels={"team": "shop"})
BOTH = Claimant("both", labels={"team": "shop", "app": "api"})


@pytest.mark.parametrize(
    "names,labels,owner",
    [
        (["registry.example/shop/api"], {}, "api"),
        (["registry.example/shop/api:1.2"], {}, "api"),
        (["registry.example/shop/web"], {}, "shop"),
        (["registry.example/other"], {}, "everybody"),
        (["registry.example/shop/web", "registry.example/shop/api"], {}, "api"),
        (["registry.example/shop/web"], {"team": "shop"}, "shop"),
    ],
)
def test_the_glob_that_spells_out_most_wins(names: list[str], labels: dict[str, str], owner: str) -> None:
    found = most_specific(names, labels, [EVERYBODY, SHOP, API, LABELLED])

    assert found is not None
    assert found.slug == owner


def test_wildcards_make_no_glob_more_specific() -> None:
    found = most_specific(["registry.example/shop/abcdefghijklmnopqrstuvwxyz12"], {}, [WILD, SHOP])

    assert found is not None
    assert found.slug == "shop"


@pytest.mark.parametrize(
    "labels,owner",
    [({"team": "shop"}, "labelled"), ({"team": "shop", "app": "api"}, "both")],
)
def test_labels_join_where_no_glob_does_and_the_larger_set_wins(labels: dict[str, str], owner: str) -> None:
    found = most_specific(["elsewhere"], labels, [SHOP, LABELLED, BOTH])

    assert found is not None
    assert found.slug == owner
    assert found.because.startswith("labels ")


def test_what_nobody_claims_belongs_to_nobody() -> None:
    assert most_specific(["elsewhere"], {"team": "pay"}, [SHOP, LABELLED, Claimant("empty")]) is None
    assert most_specific([""], {}, [EVERYBODY]) is None
