"""Files in, files out: rows from Parquet, CSV and Arrow IPC, results as Parquet and JSON.

A file is recognised by its first bytes, not by its name. Every cell of a CSV file is read as
text, so that a decimal in it stays exact until :mod:`omega_portfolio.file_columns` reads it.

Every refusal is an :class:`~omega_portfolio.errors.InvalidFrame` whose argument names the
file, the row and the column: ``bars.csv: row 3, column high``. Row 1 is the first row of
data; the header line of a CSV file has no number.
"""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from omega_portfolio.cells import TIME_MAX, TIME_MIN
from omega_portfolio.errors import InvalidFrame

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import NoReturn

    import polars as pl

    from omega_portfolio.cells import CellError
    from omega_portfolio.types import Table

FORMATS: Final = "Parquet, Arrow IPC (file or stream) or CSV"


@dataclass(frozen=True, slots=True)
class Source:
    """Rows as they were read, under the name that messages give them.

    Attributes
    ----------
    name : str
        The file as it was named, for messages.
    frame : polars.DataFrame
        The columns, not yet checked; all text when they come from CSV.
    """

    name: str
    frame: pl.DataFrame

    def refuse(self, row: int, column: str, error: CellError) -> NoReturn:
        """Raise ``InvalidFrame`` for one cell; ``row`` counts from 0."""
        where = f"{self.name}: row {row + 1}, column {column}"
        text = self._text_of(row, column) or "(empty)"
        raise InvalidFrame(where, text, error.rule, error.remedy)

    def _text_of(self, row: int, column: str) -> str:
        """Give the text of a cell as it was read; "" when there is nothing in it."""
        if column not in self.frame.columns:
            return ""
        series = self.frame[column]
        if series[row : row + 1].null_count():
            return ""
        if series.dtype.is_temporal() and getattr(series.dtype, "time_unit", "") != "ns":
            factor = microseconds_per_unit(series.dtype)
            raw = series.to_physical()[row]
            # Polars cannot turn a time outside the calendar into a Python object.
            if not TIME_MIN <= raw * factor <= TIME_MAX:
                return str(raw)
        return str(series[row])


def microseconds_per_unit(dtype: pl.DataType) -> int:
    """Return the microseconds in one physical unit of a type that counts in whole ones."""
    import polars as pl

    if dtype == pl.Date:
        return 86_400_000_000
    return 1000 if isinstance(dtype, pl.Datetime) and dtype.time_unit == "ms" else 1


def read_source(path: str | Path) -> Source:
    r"""Read a file of any of the formats.

    Parameters
    ----------
    path : str or Path
        Parquet, Arrow IPC (file or stream) or CSV with a header line and commas.

    Returns
    -------
    Source
        The rows, not yet checked.

    Raises
    ------
    InvalidFrame
        The file cannot be read, is empty, is damaged, or has a column twice.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from omega_portfolio.files import read_source
    >>> path = Path(tempfile.mkdtemp()) / "bars.csv"
    >>> _ = path.write_text("time,close\n2000-03-01,118.56\n")
    >>> read_source(path).frame.row(0)
    ('2000-03-01', '118.56')
    """
    from polars.exceptions import PanicException, PolarsError
    from pyarrow import ArrowException

    try:
        data = Path(path).read_bytes()
    except (OSError, ValueError) as error:
        # A name with a NUL or half a character is no name, and the system is not asked for it.
        rule = f"cannot be read: {getattr(error, 'strerror', None) or error}"
        name = str(path).encode("utf-8", "backslashreplace").decode()
        raise InvalidFrame(name, "(no data)", rule, "name a readable file") from None
    if not data:
        raise InvalidFrame(str(path), "0 bytes", "is empty", f"write {FORMATS}")
    try:
        frame = _read_bytes(str(path), data)
    # Damaged bytes reach the caller as any of these, the last from inside a reader.
    except (PolarsError, ArrowException, OSError, ValueError, PanicException) as error:
        reason = str(error).strip().splitlines() or [type(error).__name__]
        rule = f"cannot be read as {_format_of(data)}: {reason[0]}"
        raise InvalidFrame(str(path), f"{len(data)} bytes", rule, f"write {FORMATS}") from None
    return Source(str(path), frame)


def _format_of(data: bytes) -> str:
    """Name the format by the first bytes."""
    if data.startswith(b"PAR1"):
        return "Parquet"
    if data.startswith(b"ARROW1"):
        return "an Arrow IPC file"
    if data.startswith(b"\xff\xff\xff\xff"):
        return "an Arrow IPC stream"
    return "CSV"


def _read_bytes(path: str, data: bytes) -> pl.DataFrame:
    import polars as pl

    found = _format_of(data)
    if found != "CSV":
        return _read_arrow(found, data)
    # The header line is read as a row, because Polars would rename a column that is there twice.
    rows = pl.read_csv(io.BytesIO(data), has_header=False, infer_schema=False)
    names = [name or "" for name in rows.row(0)]
    _refuse_duplicates(path, names)
    rows.columns = names
    return rows.slice(1)


def _read_arrow(found: str, data: bytes) -> pl.DataFrame:
    """Read with pyarrow, which answers damaged bytes with an exception, and check the buffers."""
    import polars as pl
    import pyarrow as pa
    from pyarrow import ipc, parquet

    table: pa.Table
    if found == "Parquet":
        file = parquet.ParquetFile(pa.BufferReader(data), page_checksum_verification=True)
        table = file.read()
    elif found == "an Arrow IPC file":
        table = ipc.open_file(data).read_all()
    else:
        table = ipc.open_stream(data).read_all()
    table.validate(full=True)
    return pl.DataFrame(table)


def _refuse_duplicates(path: str, names: Sequence[str]) -> None:
    for position, name in enumerate(names):
        if name in names[:position]:
            where = f"{path}: column {position + 1}"
            rule = "is the name of two columns"
            raise InvalidFrame(where, name or "(empty)", rule, "rename or remove one of them")


def expect_columns(
    source: Source, required: Sequence[str], optional: Sequence[str] | None = None
) -> None:
    """Check the names of the columns.

    Parameters
    ----------
    source : Source
        What was read.
    required : sequence of str
        Columns that must be there.
    optional : sequence of str or None
        Columns that may be there; any others are refused. None takes any others.

    Raises
    ------
    InvalidFrame
        A column is missing, or is one too many.
    """
    found = source.frame.columns
    for name in required:
        if name not in found:
            remedy = f"the columns found are {', '.join(found)}; rename or add one"
            raise InvalidFrame(f"{source.name}: column {name}", "(missing)", "is needed", remedy)
    if optional is None:
        return
    for name in found:
        if name not in required and name not in optional:
            remedy = f"remove it, or use one of {', '.join([*required, *optional])}"
            where = f"{source.name}: column {name}"
            raise InvalidFrame(where, name, "is no column of this file", remedy)


def write_tables(folder: Path, tables: Mapping[str, Table]) -> dict[str, Path]:
    """Write tables as Parquet, compressed with zstd.

    Parameters
    ----------
    folder : Path
        An existing folder; files of the same name are replaced, each at once.
    tables : mapping of str to Table
        Name of the file without its ending, and the table.

    Returns
    -------
    dict of str to Path
        The file of each table.

    Raises
    ------
    OSError
        A file cannot be written.
    """
    written = {}
    for name, table in tables.items():
        buffer = io.BytesIO()
        table.to_polars().write_parquet(buffer, compression="zstd")
        written[name] = replace_file(folder / f"{name}.parquet", buffer.getvalue())
    return written


def write_json(path: Path, document: Mapping[str, object]) -> Path:
    """Write a document as JSON, in place of the file when there is one."""
    text = json.dumps(document, indent=2, ensure_ascii=False)
    return replace_file(path, (text + "\n").encode())


def replace_file(path: Path, data: bytes) -> Path:
    """Write a file so that a reader finds the old one or the new one, never a part.

    Its folder is made when it is missing.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.write_bytes(data)
    return temporary.replace(path)


__all__ = [
    "Source",
    "expect_columns",
    "microseconds_per_unit",
    "read_source",
    "replace_file",
    "write_json",
    "write_tables",
]
