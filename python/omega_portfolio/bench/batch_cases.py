"""One batch as plain data: what it is given, and how it is written down when it fails."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import pyarrow as pa

BARS, ORDERS, PARAMS = "bars", "orders", "params"

_TIMES: Final = ("time", "exit_time", "expiry")
_TEXTS: Final = (
    *("symbol", "action", "side", "size_rule", "type", "targets", "oco", "tag"),
    *("mode", "path", "fill", "note"),
)


class Kind(Enum):
    """What a column holds."""

    TEXT = "string"
    TIME = "time"
    WHOLE = "int64"
    FLAG = "bool"
    NUMBER = "number"


def kind_of(column: str) -> Kind:
    """Give what a column of one of the frames holds."""
    if column in _TIMES:
        return Kind.TIME
    if column in _TEXTS:
        return Kind.TEXT
    return {"run_id": Kind.WHOLE, "if_flat": Kind.FLAG}.get(column, Kind.NUMBER)


DECIMAL_DIGITS: Final = 38
DECIMAL_SCALE: Final = 9


class Rows(NamedTuple):
    """A frame: its columns in order, and its rows, in which what is missing is null."""

    columns: tuple[str, ...]
    rows: tuple[Mapping[str, Any], ...]

    def without_row(self, row: int) -> Rows:
        """Give the frame without one row."""
        return self._replace(rows=self.rows[:row] + self.rows[row + 1 :])

    def with_cell(self, row: int, name: str, cell: object) -> Rows:
        """Give the frame with another cell."""
        changed = {**self.rows[row], name: cell}
        columns = self.columns if name in self.columns else (*self.columns, name)
        return Rows(columns, (*self.rows[:row], changed, *self.rows[row + 1 :]))


@dataclass(frozen=True)
class Case:
    """A batch.

    Attributes
    ----------
    frames : mapping of str to Rows
        Bars, orders, and params if there are any.
    options : mapping
        The other arguments of the constructor.
    keep : mapping
        The arguments of ``run``.
    floats : bool
        Numbers are columns of Float64 and not of Decimal128.
    stamps : str
        The Arrow type of times.
    types : mapping
        Arrow types of columns, by frame and column, that are wrong.
    casts : mapping
        Arrow types of columns, by frame and column, that say the same in another way; where the
        cells do not fit, the usual one stays.
    cut : int
        Rows of each piece of a frame, 0 for one piece.
    extreme : bool
        Its money is so large that statistics are what rounding has left (S6).
    """

    frames: Mapping[str, Rows]
    options: Mapping[str, Any]
    keep: Mapping[str, Any]
    floats: bool = False
    stamps: str = "int64"
    types: Mapping[tuple[str, str], str] = field(default_factory=dict)
    casts: Mapping[tuple[str, str], str] = field(default_factory=dict)
    cut: int = 0
    extreme: bool = False

    def with_frame(self, name: str, rows: Rows) -> Case:
        """Give the batch with another frame."""
        return replace(self, frames={**self.frames, name: rows})

    def table(self, name: str) -> pa.Table | None:
        """Give a frame as an Arrow table."""
        import pyarrow as pa

        frame = self.frames.get(name)
        if frame is None:
            return None
        arrays = [self._array(name, column, frame) for column in frame.columns]
        if not arrays:
            return pa.table({"row": pa.nulls(len(frame.rows))}).select([])
        table = pa.Table.from_arrays(arrays, names=list(frame.columns))
        if not self.cut or not table.num_rows:
            return table
        starts = range(0, table.num_rows, self.cut)
        return pa.concat_tables([table.slice(start, self.cut) for start in starts])

    def build(self, constructor: Callable[..., Any]) -> Any:  # noqa: ANN401 - a class of a backend.
        """Construct the batch on a backend."""
        tables = [self.table(name) for name in (BARS, ORDERS, PARAMS)]
        return constructor(*tables, **self.options)

    def as_python(self) -> str:
        """Write the batch as a Python program."""
        options = "".join(f", {name}={value!r}" for name, value in self.options.items())
        keep = "".join(f", {name}={value!r}" for name, value in self.keep.items())
        return "\n".join(
            [
                "from decimal import Decimal",
                "from omega_portfolio import Commission, Instrument, Margin, Slippage, Swap",
                "from omega_portfolio.backend import core_module",
                "from omega_portfolio.bench.batch_cases import Case, Rows",
                "from omega_portfolio.oracle.batch import BatchPython",
                "nan, inf = float('nan'), float('inf')",
                "frames = {",
                *(_rows_source(name, rows) for name, rows in self.frames.items()),
                "}",
                f"case = Case(frames, {{}}, {{}}, {self.floats}, {self.stamps!r}, "
                f"{dict(self.types)!r}, {dict(self.casts)!r}, {self.cut})",
                "tables = [case.table(name) for name in ('bars', 'orders', 'params')]",
                "constructors = [core_module().Batch, BatchPython]",
                "for constructor in constructors:",
                f"    batch = constructor(*tables{options})",
                f"    found = batch.run(0, len(batch){keep})",
            ]
        )

    def _array(self, name: str, column: str, frame: Rows) -> pa.Array:
        import pyarrow as pa

        array = self._usual_array(name, column, frame)
        cast = self.casts.get((name, column))
        if cast is None:
            return array
        if cast == "dictionary":
            return array.dictionary_encode()
        try:
            return array.cast(_type_of(cast))
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            return array

    def _usual_array(self, name: str, column: str, frame: Rows) -> pa.Array:
        import pyarrow as pa

        cells = [row.get(column) for row in frame.rows]
        given = self.types.get((name, column))
        if given is not None:
            wrong: Any = {"string": str, "double": _number, "int64": _one}.get(given, bool)
            cells = [None if cell is None else wrong(cell) for cell in cells]
            return pa.array(cells, pa.type_for_alias(given))
        kind = kind_of(column)
        if kind is Kind.TIME:
            return pa.array(cells, pa.int64()).cast(_stamp(self.stamps))
        if kind is not Kind.NUMBER:
            return pa.array(cells, pa.type_for_alias(kind.value))
        read: Any = float if self.floats else Decimal
        exact = pa.decimal128(DECIMAL_DIGITS, DECIMAL_SCALE)
        numbers = [None if cell is None else read(cell) for cell in cells]
        return pa.array(numbers, pa.float64() if self.floats else exact)


def _one(_: object) -> int:
    return 1


def _number(cell: Any) -> float:  # noqa: ANN401 - a cell of any kind.
    return 0.5 if isinstance(cell, str) else float(cell)


def _stamp(text: str) -> pa.DataType:
    import pyarrow as pa

    return pa.int64() if text == "int64" else pa.timestamp(text, "UTC")


def _type_of(text: str) -> pa.DataType:
    import pyarrow as pa

    unit, _, zone = text.partition(", ")
    if unit in {"s", "ms", "us", "ns"}:
        return pa.timestamp(unit, zone or None)
    if text.startswith("decimal"):
        digits, scale = text.removeprefix("decimal").split("_")
        return pa.decimal128(int(digits), int(scale))
    return pa.type_for_alias(text)


def _rows_source(name: str, rows: Rows) -> str:
    lines = [f"        {dict(row)!r}," for row in rows.rows]
    return "\n".join([f"    {name!r}: Rows({rows.columns!r}, (", *lines, "    )),"])


__all__ = ["BARS", "ORDERS", "PARAMS", "Case", "Kind", "Rows", "kind_of"]
