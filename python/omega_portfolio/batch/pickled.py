"""A result as plain data, for pickles: its tables as Arrow IPC, and the way back.

The batch itself stays behind: bars and orders may be far larger than the results, and a worker
sends back many of these. A result over a folder is sent as the name of the folder.

A pickle runs code of whoever made it before anything here is asked. What is checked here finds
damage and what is no result; it makes a pickle of a stranger no safer.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from omega_portfolio.batch.facts import Facts
from omega_portfolio.batch.manifest import read_manifest
from omega_portfolio.batch.result import BatchResult
from omega_portfolio.batch.stored import open_folder
from omega_portfolio.batch.tables import NAMES, Frames
from omega_portfolio.batch.view import SHOWN
from omega_portfolio.errors import InvalidArgument, OmegaPortfolioError, describe, describe_path

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl
    import pyarrow as pa

FORM: Final = 1
"""Number of the form; another one is refused."""

_RUN: Final = {"run_id": "run"}
NEEDED: Final[dict[str, dict[str, str]]] = {
    "equity": _RUN,
    "trades": _RUN,
    "metrics": {**_RUN, **dict.fromkeys((*SHOWN, "sharpe_ratio_std_error"), "number")},
    "final": {**_RUN, "status": "text", "equity": "number", "ambiguous_count": "number"},
    "rejected": {**_RUN, "row": "number"},
    "params": _RUN,
    "times": {"time": "time"},
}
"""The tables, and what the columns hold that a result itself reads."""

FACTS: Final = {"currency": str, "total": int, "complete": bool}
_DIGEST_BYTES: Final = 32


def reduced(result: BatchResult) -> tuple[Any, ...]:
    """Give what a pickle holds of a result: a callable and its arguments."""
    other, folder = result._optimistic, result.folder
    if folder is not None:
        manifest = read_manifest(folder)
        if manifest is None:
            rule, remedy = "has no list of its parts any more", "run the batch again"
            raise InvalidArgument("folder", describe_path(folder), rule, remedy)
        return opened, (FORM, str(folder), dict(manifest.identity), other)
    facts = {name: getattr(result._facts, name) for name in FACTS}
    tables: dict[str, Any] = {name: _written(frame) for name, frame in _frames_of(result).items()}
    return restored, (FORM, facts, tables, _digest(facts, tables), other)


def _frames_of(result: BatchResult) -> dict[str, pl.DataFrame]:
    frames: dict[str, Any] = {name: getattr(result._frames, name) for name in NAMES}
    if result.params is not None:
        frames["params"] = result.params
    if result.times is not None:
        frames["times"] = result.times.to_frame()
    return frames


def _written(frame: pl.DataFrame) -> pa.Buffer:
    """Write a frame; pickles of protocol 5 can hand the buffer on without a copy."""
    import polars as pl
    import pyarrow as pa

    table = frame.to_arrow(compat_level=pl.CompatLevel.newest())
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()


def _digest(facts: Mapping[str, Any], tables: Mapping[str, Any]) -> str:
    digest = hashlib.blake2b(digest_size=_DIGEST_BYTES)
    for name in FACTS:
        digest.update(f"{name}={facts[name]!r}\n".encode())
    for name, table in tables.items():
        digest.update(f"{name}={memoryview(table).nbytes}\n".encode())
        digest.update(table)
    return digest.hexdigest()


def restored(
    form: object, facts: object, tables: object, digest: object, other: object
) -> BatchResult:
    """Make a result of what a pickle holds.

    Raises
    ------
    InvalidArgument
        It is not what was pickled.
    """
    _check_form(form)
    if not isinstance(facts, dict) or {name: type(one) for name, one in facts.items()} != FACTS:
        raise _damaged("its facts are none")
    if not isinstance(tables, dict) or not set(NAMES) <= set(tables) <= set(NEEDED):
        raise _damaged("its tables are none")
    try:
        same = _digest(facts, tables) == digest
    except (TypeError, ValueError, BufferError):
        raise _damaged("its tables are no bytes") from None
    if not same:
        raise _damaged("its content has another hash")
    frames = {name: _read(name, table) for name, table in tables.items()}
    times = frames.pop("times", None)
    known = Facts(
        None,
        frames.pop("params", None),
        {},
        **facts,
        times=None if times is None else times["time"],
        without="comes from a pickle",
    )
    return _with_other(BatchResult(Frames(**frames), known), other)


def _read(name: str, data: object) -> pl.DataFrame:
    """Read a table, and look at every cell: what is no Arrow would end the process later."""
    import polars as pl
    import pyarrow as pa

    from omega_portfolio.batch.inputs import holdable

    try:
        with pa.ipc.open_stream(pa.py_buffer(data)) as reader:
            table = reader.read_all()
        frame = pl.DataFrame(holdable(table))
    except OmegaPortfolioError as error:
        raise _damaged(f"table {name}: {error.value}") from None
    except (pa.ArrowException, OSError, ValueError, OverflowError, MemoryError) as error:
        raise _damaged(f"table {name}: {error}") from None
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        # A name, a time zone or a scale that Polars does not take.
        raise _damaged(f"table {name}: {error}") from None
    for column, kind in NEEDED[name].items():
        if column not in frame.columns or not _holds(frame[column].dtype, kind):
            raise _damaged(f"table {name} has no column {column} of the right type")
    return frame


def _holds(dtype: pl.DataType, kind: str) -> bool:
    import polars as pl

    if kind == "number":
        return dtype.is_numeric()
    wanted = {"run": pl.UInt32, "text": pl.String, "time": pl.Datetime}
    return dtype == wanted[kind]


def opened(form: object, folder: object, identity: object, other: object) -> BatchResult:
    """Open the folder of a result again.

    Raises
    ------
    InvalidArgument
        It is not there, or has the results of another batch.
    """
    _check_form(form)
    if not isinstance(folder, str):
        raise _damaged("its folder is none")
    path = Path(folder)
    manifest = read_manifest(path)
    if manifest is None or manifest.identity != identity:
        rule = "does not have the results that were pickled"
        remedy = "put the folder of the sink where it was, or run the batch again"
        raise InvalidArgument("folder", describe_path(folder), rule, remedy)
    return _with_other(open_folder(path, verify=False), other)


def _check_form(form: object) -> None:
    if type(form) is not int or form != FORM:
        raise _damaged(f"its form is {describe(form)} and not {FORM}")


def _with_other(result: BatchResult, other: object) -> BatchResult:
    if other is None:
        return result
    if not isinstance(other, BatchResult):
        raise _damaged("its second pass is none")
    return result.with_optimistic(other)


def _damaged(reason: str) -> InvalidArgument:
    remedy = "pickle the result again, with this version"
    return InvalidArgument("pickle", reason, "is no BatchResult that was pickled", remedy)


def cloned(result: BatchResult) -> BatchResult:
    """Give a copy of a result that shares the batch and the memory of the tables."""
    frames, facts, other = result._frames, result._facts, result._optimistic
    copies = Frames(**{name: getattr(frames, name).clone() for name in NAMES})
    own = replace(
        facts,
        params=None if facts.params is None else facts.params.clone(),
        times=None if facts.times is None else facts.times.clone(),
    )
    return BatchResult(copies, own, None if other is None else cloned(other))


__all__ = ["FORM", "NEEDED", "cloned", "opened", "reduced", "restored"]
