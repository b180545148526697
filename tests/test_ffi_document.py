"""The specification of the boundary, docs/ffi/portfolio.md, held against the boundary itself."""

from __future__ import annotations

import inspect
import re
from functools import cache
from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest

import omega_portfolio as op
from c_schema import columns_of
from ffi_tables import FORMATS, MAKERS, Row, lived, rows_of
from omega_portfolio.errors import by_code
from omega_portfolio.verify_command import TABLES

DOCUMENT = Path(__file__).parents[1] / "docs" / "ffi" / "portfolio.md"
SPAN = re.compile(r"`[^`]+`")
SPEC = DOCUMENT.parents[2] / "SPEC.md"


@cache
def document() -> str:
    return DOCUMENT.read_text(encoding="utf-8")


def cells_of(text: str, head: str) -> list[tuple[str, ...]]:
    """Give the cells of the first table with this head, without backticks."""
    _, _, rest = text.partition(f"{head}\n")
    lines = rest.splitlines()[1:]
    rows = []
    for line in lines:
        if not line.startswith("|"):
            break
        cells = (cell.strip() for cell in line.strip("|").split(" | "))
        rows.append(tuple(cell[1:-1] if SPAN.fullmatch(cell) else cell for cell in cells))
    return rows


def documented() -> dict[str, list[Row]]:
    """Give the rows of each table by the call that the heading names."""
    sections = re.split(r"^### `(.+)`$", document(), flags=re.MULTILINE)
    found = {}
    for call, text in zip(sections[1::2], sections[2::2], strict=True):
        rows = cells_of(text, "| column | type | with `exact=True` | null |")
        found[call] = [
            (name, plain, plain if exact == "the same" else exact, null)
            for name, plain, exact, null in rows
        ]
    return found


def test_every_table_is_documented_with_its_schema(backend: str) -> None:
    tables = documented()
    assert list(tables) == list(MAKERS)
    portfolio = lived(backend)
    for call, rows in tables.items():
        assert rows_of(portfolio, call) == rows, call
    assert sum(map(len, tables.values())) > 200


def test_every_call_that_gives_a_table_is_looked_at() -> None:
    """A new table fails here until it stands in the document."""
    calls = {call.split("(")[0] for call in MAKERS}
    for name, member in inspect.getmembers(op.Portfolio, inspect.isfunction):
        gives = str(inspect.signature(member).return_annotation)
        if not name.startswith("_") and gives in {"Table", "Receipts"}:
            assert name in calls, name
    assert {f"get_{name}" for name in TABLES} <= calls


def test_a_changed_schema_would_be_seen(backend: str) -> None:
    table = lived(backend).get_trades()
    names = table.columns
    assert [column.name for column in columns_of(table.select(names[::-1]))] == names[::-1]
    assert [column.name for column in columns_of(table)] == names


def test_the_types_have_these_formats() -> None:
    rows = cells_of(document(), "| type | format of the C data interface | unit |")
    assert {form: name for name, form, _ in rows} == FORMATS
    used = {kind for table in documented().values() for row in table for kind in row[1:3]}
    assert used == set(FORMATS.values())


def test_every_code_is_listed() -> None:
    rows = cells_of(document(), "| code | class | meaning |")
    assert [(int(code), name) for code, name, _ in rows] == [
        (code, by_code[code].__name__) for code in sorted(by_code)
    ]
    assert len(rows) == len(op.OmegaPortfolioError.__subclasses__()) > 35
    for code, _, meaning in rows:
        summary = (by_code[int(code)].__doc__ or "").splitlines()[0].rstrip(".")
        assert meaning == summary[0].lower() + summary[1:]


def test_the_metadata_of_a_state(backend: str) -> None:
    portfolio = lived(backend)
    state = portfolio.get_state()
    with pa.ipc.open_stream(state.to_ipc()) as stream:
        metadata = {name.decode(): text.decode() for name, text in stream.schema.metadata.items()}
        names = stream.schema.names
    listed = re.search(r"^\[('balance'.+)\]$", document(), re.MULTILINE)
    assert listed is not None
    assert sorted(metadata) == re.findall(r"'(\w+)'", listed[1])
    assert metadata["equity"] == format(state.equity, "f")
    assert metadata["time"] == state.time.isoformat()
    assert names == portfolio.get_positions().columns


@pytest.mark.parametrize("call", ["get_equity_curve()", "get_cash()", "get_lots()"])
def test_a_stream_is_given_as_often_as_asked_and_consumed_once(backend: str, call: str) -> None:
    table = MAKERS[call](lived(backend), False)
    capsule = table.__arrow_c_stream__(None)
    assert 'capsule object "arrow_array_stream"' in repr(capsule)
    assert 'capsule object "arrow_schema"' in repr(table.__arrow_c_schema__())
    first, second = pl.DataFrame(table), pl.DataFrame(table)
    assert first.equals(second)
    assert first.height == len(table)

    class Given:
        def __arrow_c_stream__(self, _: object = None) -> object:
            return capsule

    assert pa.table(Given()).num_rows == len(table)
    with pytest.raises((pa.ArrowInvalid, ValueError)):
        pa.table(Given())
    assert not hasattr(table, "__arrow_c_array__")


def test_an_empty_table_has_its_schema_and_no_batch(backend: str) -> None:
    table = op.Portfolio(1, backend=backend).get_trades()
    reader = pa.RecordBatchReader.from_stream(table)
    assert reader.schema.names == table.columns
    assert list(reader) == []


def test_versions_are_those_of_the_specification() -> None:
    spec = SPEC.read_text(encoding="utf-8")
    rows = cells_of(document(), "| what | version | rule |")
    versions = {what: version for what, version, _ in rows}
    assert rf"`omega_portfolio\x0{versions['canonical bytes and digest']}`" in spec
    assert f"`OMEGAJNL`, u16 version ({versions['journal']})" in spec
    assert f"`OMEGAIMG`, u16 version ({versions['image, snapshot']})" in spec
