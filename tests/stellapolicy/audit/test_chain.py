import hashlib
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest

from stellapolicy.audit.chain import GENESIS, Break, BreakKind, Link, Statement, Verifier

TENANT = UUID("01900000-0000-7000-8000-000000000001")


def chain(length: int) -> list[Link]:
    links: list[Link] = []
    for seq in range(1, length + 1):
        said = Statement(
            tenant_id=TENANT,
            seq=seq,
            at=datetime(2026, 3, 2, 12, 0, seq, tzinfo=UTC),
            actor="user:alice",
            action="team.made",
            target_type="team",
            target_id=str(seq),
            before_digest="",
            after_digest="",
            reason="",
            ticket="",
            request_id="",
            address="",
            prev_hash=links[-1].hash if links else GENESIS,
        )
        links.append(Link(said, said.hash()))
    return links


def breaks_of(links: list[Link], *, head: Link | None = None) -> list[tuple[int, BreakKind]]:
    verifier = Verifier()
    for link in links:
        verifier.walk(link)
    end = head or chain(5)[-1]
    verifier.finish(head_seq=end.statement.seq, head_hash=end.hash)
    return [(place.seq, place.kind) for place in verifier.breaks]


def test_a_whole_chain_has_no_break() -> None:
    assert breaks_of(chain(5)) == []


def test_the_hash_of_an_entry_is_fixed_for_all_time() -> None:
    """Recomputed here with nothing of ours; a change would make every recorded chain look forged."""
    said = (
        '{"action":"team.made","actor":"user:alice","address":"","after_digest":"","at":"2026-03-02T12:00:01Z",'
        '"before_digest":"","prev_hash":"sha256:' + "0" * 64 + '","reason":"","request_id":"","seq":1,'
        '"target_id":"1","target_type":"team","tenant":"01900000-0000-7000-8000-000000000001","ticket":""}'
    )

    assert chain(1)[0].hash == f"sha256:{hashlib.sha256(said.encode()).hexdigest()}"


def test_nothing_recorded_is_whole_too() -> None:
    verifier = Verifier()
    verifier.finish(head_seq=0, head_hash=GENESIS)

    assert verifier.breaks == []


@pytest.mark.parametrize(
    "field, value",
    [
        ("actor", "user:mallory"),
        ("action", "team.unmade"),
        ("target_id", "9"),
        ("reason", "because"),
        ("ticket", "T-1"),
        ("address", "192.0.2.1"),
        ("request_id", "r"),
        ("before_digest", "sha256:1"),
        ("after_digest", "sha256:1"),
        ("at", datetime(2025, 1, 1, tzinfo=UTC)),
    ],
)
def test_an_edit_of_any_field_shows(field: str, value: object) -> None:
    links = chain(5)
    links[2] = replace(links[2], statement=replace(links[2].statement, **{field: value}))  # type: ignore[arg-type]

    assert breaks_of(links) == [(3, BreakKind.EDITED)]


def test_an_edit_with_a_fresh_hash_breaks_the_next_link() -> None:
    links = chain(5)
    edited = replace(links[2].statement, actor="user:mallory")
    links[2] = Link(edited, edited.hash())

    assert breaks_of(links) == [(4, BreakKind.UNCHAINED)]


def test_a_removed_entry_shows() -> None:
    links = chain(5)
    del links[1:3]

    verifier = Verifier()
    for link in links:
        verifier.walk(link)

    assert verifier.breaks == [Break(4, BreakKind.MISSING, "2 to 3 missing")]


def test_a_removed_beginning_shows() -> None:
    assert breaks_of(chain(5)[1:]) == [(2, BreakKind.MISSING)]


def test_a_removed_end_shows() -> None:
    assert breaks_of(chain(5)[:4]) == [(4, BreakKind.SHORTENED)]


def test_swapped_entries_show() -> None:
    links = chain(5)
    second, third = links[1], links[2]
    links[1] = replace(third, statement=replace(third.statement, seq=2))
    links[2] = replace(second, statement=replace(second.statement, seq=3))

    assert {seq for seq, _ in breaks_of(links)} >= {2, 3}
