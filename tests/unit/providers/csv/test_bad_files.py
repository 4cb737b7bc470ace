"""Files that are no tables, or not what they say: refused early, with a clear reason, before anything is stored."""

from __future__ import annotations

import codecs
import gzip
import io
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from candlewick.domain.errors import (
    DamagedFile,
    MisleadingColumns,
    NormaliseError,
    TooManyRejected,
    UnknownFormat,
    WrongEncoding,
)
from candlewick.providers.container import BLOCK
from tables import TRADES, files, trade_row, trade_table, write

MUCH = 2 * 1024**3


def refusal(path: Path, mapping: str = "", block_bytes: int = 4096) -> NormaliseError:
    with pytest.raises(NormaliseError) as raised:
        files(mapping, block_bytes).inspect(path)
    return raised.value


@pytest.mark.parametrize(
    ("encoding", "said"),
    [
        ("utf-16", "line 1"),
        ("utf-16-le", "every other byte is zero, as in UTF-16, in line 1"),
        ("utf-16-be", "every other byte is zero, as in UTF-16, in line 1"),
        ("utf-32", "it begins like UTF-32"),
    ],
)
def test_wide_encodings_are_refused_by_name(tmp_path: Path, encoding: str, said: str) -> None:
    found = refusal(write(tmp_path, trade_table(100).encode(encoding)))
    assert isinstance(found, WrongEncoding)
    assert said in str(found)


def test_latin_1_is_refused_with_its_line(tmp_path: Path) -> None:
    content = "time,price,size,note\n" + "1723109400,1,1,ok\n" * 3000 + "1723109400,1,1,Müller\n"
    found = refusal(write(tmp_path, content.encode("latin-1")))
    assert isinstance(found, WrongEncoding)
    assert (found.line, "0xfc" in found.reason) == (3002, True)


def test_utf_8_beyond_ascii_is_fine(tmp_path: Path) -> None:
    content = "time,price,size,note\n" + "1723109400,1,1,Größe ₿\n" * 3000
    assert files().inspect(write(tmp_path, content)).lines == 3001


def test_a_zero_byte_far_inside_is_found(tmp_path: Path) -> None:
    found = refusal(write(tmp_path, trade_table(3000) + "\0\n"))
    assert isinstance(found, WrongEncoding)
    assert found.line == 3002


def zeros(folder: Path) -> Path:
    path = folder / "zeros.csv"
    with path.open("wb") as file:
        file.truncate(MUCH)
    return path


def zip_bomb(folder: Path) -> Path:
    path = folder / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("bomb.csv", "w") as member:
        for _ in range(80):
            member.write(b"0" * (1 << 20))
    return path


def gzip_bomb(folder: Path) -> Path:
    """Rows this time, so that only its size gives it away."""
    path = folder / "bomb.csv.gz"
    with gzip.open(path, "wb") as file:
        file.write(f"{TRADES},note\n".encode())
        for _ in range(80):
            file.write(f"{trade_row(1)},{'x' * 10_000}\n".encode() * 100)
    return path


def endless_line(folder: Path) -> Path:
    return write(folder, b"1" * (3 << 20), "line.csv")


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (zeros, "it has bytes that are zero, in line 1"),
        (zip_bomb, "a zip bomb"),
        (gzip_bomb, "a zip bomb"),
        (endless_line, "a line of it is longer"),
    ],
)
def test_what_would_take_all_memory_is_refused_early(tmp_path: Path, make: Callable[[Path], Path], said: str) -> None:
    path = make(tmp_path)
    tracemalloc.start()
    try:
        assert said in str(refusal(path, block_bytes=BLOCK))
        assert tracemalloc.get_traced_memory()[1] < 32 * 1024 * 1024
    finally:
        tracemalloc.stop()


def test_a_zip_whose_directory_lies_about_its_size_is_damaged(tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("trades.csv", trade_table(2000))
    body = bytearray(packed.getvalue())
    directory = body.rindex(b"PK\x01\x02")
    body[directory + 24 : directory + 28] = (100).to_bytes(4, "little")
    assert isinstance(refusal(write(tmp_path, bytes(body), "trades.bin")), DamagedFile)


@pytest.mark.parametrize("name", ["trades.zip", "trades.csv.gz"])
def test_a_packed_file_that_was_cut_is_damaged(tmp_path: Path, name: str) -> None:
    path = write(tmp_path, trade_table(3000), name)
    path.write_bytes(path.read_bytes()[:-40])
    assert isinstance(refusal(path), DamagedFile)


@pytest.mark.parametrize("name", ["trades.zip", "trades.csv.gz"])
def test_a_packed_file_is_read_like_a_bare_one(tmp_path: Path, name: str) -> None:
    assert files().inspect(write(tmp_path, trade_table(3000), name)).lines == 3001


@pytest.mark.parametrize(
    ("header", "row", "said"),
    [
        ("time,price,size", "1723109400,AAPL,5", "column 'price' was taken for price, but price 'AAPL' is no decimal"),
        ("time,id,price,size", "1723109400,3f-9a,5,5", "column 'id' was taken for id, but id '3f-9a' is no whole"),
        ("time,price,size,side", "1723109400,5,5,NYSE", "column 'side' was taken for side, but side 'NYSE'"),
        ("time,bid,ask", "1723109400,1.39,1.38", "bid is above ask in 40 of 40 rows: they are exchanged"),
        ("date,close", "2024-08-08,n.m.", "column 'close' was taken for close, but close 'n.m.' is no decimal"),
    ],
)
def test_a_header_that_lies_is_found_by_its_first_rows(tmp_path: Path, header: str, row: str, said: str) -> None:
    found = refusal(write(tmp_path, f"{header}\n" + f"{row}\n" * 40))
    assert isinstance(found, MisleadingColumns)
    assert said in str(found)
    assert "Nothing of it is stored" in str(found)


def test_a_time_column_of_something_else_is_no_time(tmp_path: Path) -> None:
    found = refusal(write(tmp_path, "time,price,size\n" + "1.38626,1723109400,5\n" * 40))
    assert isinstance(found, UnknownFormat)
    assert "numbers like '1.38626' are no times" in str(found)


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
def test_a_unit_that_is_not_the_column_s_is_found(tmp_path: Path, unit: str) -> None:
    found = refusal(write(tmp_path, "time,price,size\n" + "1723109400,1,5\n" * 40), f"time.unit = '{unit}'")
    assert "does not lie between 1990 and tomorrow: is its unit another one?" in str(found)


def test_a_table_that_turns_bad_behind_its_first_rows_is_refused_whole(tmp_path: Path) -> None:
    good, bad = trade_table(3000), "".join(f"{trade_row(number, price='x')}\n" for number in range(400))
    found = refusal(write(tmp_path, good + bad))
    assert isinstance(found, TooManyRejected)
    assert (found.rejected, found.rows) == (400, 3400)
    assert "row 3002: price 'x' is no decimal number" in str(found)
    assert "more than the 10% that may be" in str(found)


def test_as_many_bad_rows_as_the_mapping_allows_are_let_through(tmp_path: Path) -> None:
    path = write(tmp_path, trade_table(90) + "".join(f"{trade_row(number, price='x')}\n" for number in range(10)))
    assert files().inspect(path).lines == 101
    assert isinstance(refusal(path, "max_rejected = 0.05"), TooManyRejected)


def test_ragged_rows_are_counted_as_rows(tmp_path: Path) -> None:
    found = refusal(write(tmp_path, trade_table(50) + "1,2\n1,2,3,4,5,6,7\n" * 20))
    assert isinstance(found, TooManyRejected)
    assert "it has 2 fields instead of 5" in str(found)


@pytest.mark.parametrize("mark", [codecs.BOM_UTF8, b""])
def test_a_file_of_nothing_is_refused(tmp_path: Path, mark: bytes) -> None:
    assert isinstance(refusal(write(tmp_path, mark)), UnknownFormat)


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    assert isinstance(refusal(tmp_path), UnknownFormat)


def test_a_long_table_is_read_in_little_memory(tmp_path: Path) -> None:
    rows = 400_000
    path = tmp_path / "long.csv"
    with path.open("w") as file:
        file.write("timestamp,price,size\n")
        for start in range(0, rows, 1_000):
            file.writelines(f"{1723075200000 + start + n},61837.63,0.02\n" for n in range(1_000))
    source = files(block_bytes=BLOCK)
    tracemalloc.start()
    try:
        contents = source.inspect(path)
        read = sum(len(lines.trades) for lines in source.trades(path, contents))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (read, contents.lines) == (rows, rows + 1)
    assert peak < 32 * 1024 * 1024
