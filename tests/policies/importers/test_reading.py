import gzip
import io
import json
import tracemalloc
import zlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.importers.limits import ImportLimits
from policies.importers.reading import decode_json, read_upload
from policies.importers.refusals import (
    Bomb,
    CompressionInvalid,
    EmptyFile,
    ImportRefused,
    JsonInvalid,
    TooDeep,
    TooLarge,
)
from tests.real_data import real_data

MEBIBYTE = 1024 * 1024


def test_the_same_report_packed_and_plain_is_one_report() -> None:
    plain = b'{"matches": []}'

    packed = read_upload(gzip.compress(plain, mtime=0))

    assert packed == read_upload(plain)
    assert packed.content == plain


def test_an_upload_may_come_as_a_stream() -> None:
    upload = read_upload(io.BytesIO(b"[1]"))

    assert upload.content == b"[1]"


def test_a_file_of_several_gzip_members_is_read_to_its_end() -> None:
    upload = read_upload(gzip.compress(b"[1,", mtime=0) + gzip.compress(b"2]", mtime=0) + b"\0" * 512)

    assert upload.content == b"[1,2]"


def test_a_byte_order_mark_is_not_content() -> None:
    assert read_upload(b"\xef\xbb\xbf[]").content == b"[]"


def test_what_a_windows_shell_writes_is_read() -> None:
    assert read_upload('{"a": "ä"}'.encode("utf-16")).content == '{"a": "ä"}'.encode()


def test_broken_utf_16_is_refused() -> None:
    with pytest.raises(JsonInvalid, match="UTF-16"):
        read_upload(b"\xff\xfe\x00\xd8")


@pytest.mark.parametrize("content", [b"", b"  \r\n\t", b"\xef\xbb\xbf", gzip.compress(b"", mtime=0)])
def test_an_empty_file_is_refused_and_proves_nothing(content: bytes) -> None:
    with pytest.raises(EmptyFile) as refusal:
        read_upload(content)

    assert refusal.value.code == "evidence.empty"


def test_the_empty_report_of_a_real_scanner_is_refused() -> None:
    with pytest.raises(EmptyFile):
        read_upload(real_data("scans/osv_scanner/no_findings.json").read_bytes())


def test_a_bomb_is_refused_long_before_it_is_unpacked() -> None:
    packer = zlib.compressobj(9, wbits=31)
    bomb = b"".join(packer.compress(b"\0" * MEBIBYTE) for _ in range(64)) + packer.flush()
    tracemalloc.start()

    with pytest.raises(Bomb) as refusal:
        read_upload(bomb)

    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert refusal.value.code == "evidence.bomb"
    assert refusal.value.status == 413
    assert most < 16 * MEBIBYTE


def test_a_small_file_of_much_repetition_is_no_bomb() -> None:
    content = b'["' + b"a" * 900_000 + b'"]'

    assert read_upload(gzip.compress(content, mtime=0)).content == content


def test_what_unpacks_beyond_the_limit_is_too_large() -> None:
    with pytest.raises(TooLarge, match="unpacks"):
        read_upload(gzip.compress(b"a" * 2_000, mtime=0), ImportLimits(decompressed_bytes=1_000))


def test_a_plain_file_beyond_the_limit_is_too_large() -> None:
    with pytest.raises(TooLarge) as refusal:
        read_upload(b"a" * 2_000, ImportLimits(compressed_bytes=100, decompressed_bytes=1_000))

    assert refusal.value.code == "evidence.too_large"


def test_a_packed_file_has_a_smaller_limit_of_its_own() -> None:
    packed = gzip.compress(bytes(range(256)) * 4)

    with pytest.raises(TooLarge, match="compressed"):
        read_upload(packed, ImportLimits(compressed_bytes=len(packed) - 1))


@pytest.mark.parametrize("broken", [gzip.compress(b"[1, 2, 3]", mtime=0)[:-9], b"\x1f\x8bnot gzip", b"\x1f\x8b"])
def test_a_broken_gzip_file_is_refused(broken: bytes) -> None:
    with pytest.raises(CompressionInvalid) as refusal:
        read_upload(broken)

    assert refusal.value.code == "evidence.compression_invalid"


def test_a_file_chopped_into_countless_members_is_refused() -> None:
    with pytest.raises(CompressionInvalid, match="members"):
        read_upload(gzip.compress(b"", mtime=0) * 10_001)


@pytest.mark.parametrize(
    "content, place",
    [
        (b'{\n  "a": tru\n}', "line 2, column 8"),
        (b'{"a": NaN}', "line 1, column 7"),
        (b'{"a": Infinity}', "line 1, column 7"),
        (b'{"a": 1e999}', "line 1, column 7"),
        (b'{"a": 1}\n{"b": 2}', "line 2, column 1"),
        (b'["\xff"]', "line 1"),
        (b'["\\ud800"]', "line 1"),
    ],
)
def test_broken_json_is_refused_with_line_and_column(content: bytes, place: str) -> None:
    with pytest.raises(JsonInvalid) as refusal:
        decode_json(content)

    assert refusal.value.code == "evidence.json_invalid"
    assert refusal.value.status == 422
    assert place in refusal.value.detail


def test_a_key_written_twice_is_refused_because_two_readers_would_differ() -> None:
    with pytest.raises(JsonInvalid, match='"Severity" is written twice'):
        decode_json(b'{"rows": [{"Severity": "CRITICAL", "Severity" : "LOW"}]}')


def test_the_same_key_in_two_objects_is_fine() -> None:
    assert decode_json(b'[{"a": 1}, {"a": 2, "b": {"a": "\\"a\\": 1"}}]') is not None


def _nested(depth: int) -> bytes:
    return b"[" * depth + b"]" * depth


def test_honest_nesting_is_read() -> None:
    assert decode_json(_nested(100)) is not None


@pytest.mark.parametrize("depth", [101, 900, 1_025, 1_000_000])
def test_deep_nesting_is_refused_without_running_out_of_stack(depth: int) -> None:
    with pytest.raises(TooDeep) as refusal:
        decode_json(_nested(depth))

    assert refusal.value.code == "evidence.too_deep"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)


@given(json_values)
def test_whatever_json_can_say_is_read_as_it_was_said(value: Any) -> None:
    assert decode_json(json.dumps(value, indent=1).encode()) == value


@given(st.binary(max_size=200))
def test_no_bytes_do_more_than_be_refused(content: bytes) -> None:
    for attempt in (content, b"\x1f\x8b\x08" + content, b"\xff\xfe" + content):
        try:
            decode_json(read_upload(attempt).content)
        except ImportRefused:
            continue
