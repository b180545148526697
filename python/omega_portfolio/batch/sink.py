"""A batch that is written to disk, part by part, in memory that does not grow.

A part has whole runs. Each of its tables is a file of its own, written beside its place, made
durable and then renamed; the name has the number of the part and the hash of the content. The
list of parts (:mod:`omega_portfolio.batch.manifest`) names it only after that. A batch that was
killed goes on behind its last part, and what it left half done is removed.
"""

from __future__ import annotations

import io
import os
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from omega_portfolio.batch.locks import BUSY, LOCK, locked
from omega_portfolio.batch.manifest import (
    NAME,
    Manifest,
    Part,
    PartFile,
    hash_of,
    part_is_whole,
    read_manifest,
    replace_durably,
    sync_folder,
)
from omega_portfolio.batch.slices import runs_of_a_part, slices
from omega_portfolio.batch.tables import NAMES, Frames, frame_of, times_of
from omega_portfolio.errors import InvalidArgument, describe_path

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    import polars as pl

    from omega_portfolio.batch.engine import Engine, EngineTables, Keep
    from omega_portfolio.batch.facts import Facts
    from omega_portfolio.batch.slices import Drive
    from omega_portfolio.types import Layout, SinkFormat

ENDINGS: Final[dict[SinkFormat, str]] = {"parquet": "parquet", "ipc": "arrow"}
TIMES: Final = "times.arrow"
PARAMS: Final = "params.arrow"
_SMALL: Final = (NAME, TIMES, PARAMS)
OURS: Final = (*_SMALL, *(f".{name}.tmp" for name in _SMALL), LOCK, *NAMES)
"""What may lie in the folder of a sink."""

_GROUP_ROWS: Final = 262_144
_NAME_DIGITS: Final = 16


@dataclass(frozen=True, slots=True)
class Sink:
    """Where the parts go, and in which form.

    Attributes
    ----------
    folder : Path
        The folder; it has a folder for each table.
    format : {"parquet", "ipc"}
        Parquet compressed with zstd, or Arrow IPC files.
    layout : {"rows", "list"}
        The form of the equity.
    resume : bool
        Go on with what is there; otherwise it is removed.
    """

    folder: Path
    format: SinkFormat = "parquet"
    layout: Layout = "rows"
    resume: bool = True


def identity_of(engine: Engine, keep: Keep, sink: Sink) -> dict[str, object]:
    """Give everything that decides what stands in the files."""
    from omega_portfolio import __version__

    return {
        "version": __version__,
        "fingerprint": engine.fingerprint,
        "record": keep.record,
        "equity_columns": keep.equity_columns,
        "trades": keep.trades,
        "exact": keep.exact,
        "digest": keep.digest,
        "layout": sink.layout,
        "format": sink.format,
    }


def write_parts(facts: Facts, keep: Keep, drive: Drive, sink: Sink) -> None:
    """Make all runs that the folder lacks.

    Parameters
    ----------
    facts : Facts
        The batch.
    keep, drive : Keep, Drive
        What is kept of a run, and how it is made.
    sink : Sink
        Where it goes.

    Raises
    ------
    InvalidArgument
        The folder is of another batch, or holds other things.
    RunCancelled
        The batch was cancelled; the parts that are whole stay.
    OSError
        A file cannot be written.
    """
    engine, owner = facts.engine, os.getpid()
    wanted = Manifest(
        identity_of(engine, keep, sink),
        len(engine),
        runs_of_a_part(engine.moments, keep),
        facts.currency,
    )
    with _alone(sink.folder):
        manifest = _opened(sink, wanted)
        # The list comes first, so that whatever else is left half done is known as ours.
        spans = _missing(manifest)
        if spans or not manifest.complete:
            manifest.complete = False
            manifest.write(sink.folder)
        _remove_strays(sink.folder, manifest)
        _write_params(sink.folder, facts.params)
        done = sum(part.runs for part in manifest.parts.values())
        # The slices stand first: after the last of them they are asked once more, and may raise.
        made = slices(engine, keep, drive, spans, done)
        for tables, span in zip(made, spans, strict=True):
            _expect_process(sink.folder, owner)
            if tables.complete:
                # A part with fewer runs than its place has is none; the loop raises next.
                _add_part(sink, manifest, tables, span)
        if not manifest.complete:
            manifest.complete = True
            manifest.write(sink.folder)


def _add_part(sink: Sink, manifest: Manifest, tables: EngineTables, span: tuple[int, int]) -> None:
    _write_times(sink.folder, tables)
    first, count = span
    number = first // manifest.part_runs
    files = {name: _write(sink, number, name, tables) for name in NAMES}
    manifest.parts[number] = Part(number, first, count, files)
    manifest.write(sink.folder)


def _expect_process(folder: Path, owner: int) -> None:
    """Refuse to go on in a child, which would write the same files as its parent."""
    if os.getpid() != owner:
        rule = "belongs to the process that began the batch, and this is a fork of it"
        remedy = "end a fork with os._exit before it comes back here"
        raise InvalidArgument("sink", describe_path(folder), rule, remedy)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keep other processes from writing the same parts; the system ends it with this process."""
    if folder.exists() and not folder.is_dir():
        raise InvalidArgument("sink", describe_path(folder), "is a file", "name a folder")
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder / LOCK) as found:
        if found == BUSY:
            rule = "is being written by another batch"
            remedy = "wait for it, or name another folder"
            raise InvalidArgument("sink", describe_path(folder), rule, remedy)
        yield


def _opened(sink: Sink, wanted: Manifest) -> Manifest:
    """Read what the folder has of this batch, or begin."""
    folder = sink.folder
    if not sink.resume and (folder / NAME).exists():
        expect_only(folder, OURS)
        _forget(folder)
        wanted.write(folder)
        return wanted
    manifest = read_manifest(folder) if folder.is_dir() else None
    if manifest is None:
        expect_only(folder, (f".{NAME}.tmp", LOCK))
        folder.mkdir(parents=True, exist_ok=True)
        return wanted
    _expect_same(folder, manifest.identity, wanted.identity)
    manifest.parts = {
        number: part
        for number, part in manifest.parts.items()
        if _stands(manifest, part) and part_is_whole(folder, part)
    }
    return manifest


def _forget(folder: Path) -> None:
    """Remove what is beside the parts, so that a new list never finds an old file.

    The old list loses its parts first: no list names any while a file beside them is missing.
    """
    with suppress(InvalidArgument):
        # A list that cannot be read names none.
        old = read_manifest(folder)
        if old is not None:
            replace(old, parts={}, complete=False).write(folder)
    for name in (TIMES, PARAMS):
        (folder / name).unlink(missing_ok=True)
    sync_folder(folder)


def expect_only(folder: Path, names: Collection[str]) -> None:
    """Refuse a folder with other things, in which a file could be mistaken for a part.

    Parameters
    ----------
    folder : Path
        It may be missing.
    names : collection of str
        What it may hold.

    Raises
    ------
    InvalidArgument
        It holds something else.
    """
    if not folder.is_dir():
        return
    others = sorted(one.name for one in folder.iterdir() if one.name not in names)
    if others:
        rule = f"holds other things ({', '.join(others[:3])})"
        raise InvalidArgument(
            "sink", describe_path(folder), rule, "name a new folder or an empty one"
        )


def _expect_same(folder: Path, found: Mapping[str, object], wanted: Mapping[str, object]) -> None:
    differing = [name for name in wanted if found.get(name) != wanted[name]]
    if differing:
        told = ", ".join(
            name if name == "fingerprint" else f"{name} {found.get(name)} and not {wanted[name]}"
            for name in differing
        )
        raise InvalidArgument(
            "sink",
            describe_path(folder),
            f"has the results of another batch: {told}",
            "name another folder, or write over them with resume=False",
        )


def _stands(manifest: Manifest, part: Part) -> bool:
    """Whether a part is one of those that this batch is cut into."""
    first = part.number * manifest.part_runs
    runs = min(manifest.part_runs, manifest.runs - first)
    return (part.first, part.runs) == (first, runs) and set(part.files) == set(NAMES)


def _missing(manifest: Manifest) -> list[tuple[int, int]]:
    size, runs = manifest.part_runs, manifest.runs
    return [
        (first, min(size, runs - first))
        for first in range(0, runs, size)
        if first // size not in manifest.parts
    ]


def _remove_strays(folder: Path, manifest: Manifest) -> None:
    """Remove files that the list does not name: half written, or of a part that is bad."""
    named = {file.file for part in manifest.parts.values() for file in part.files.values()}
    for name in NAMES:
        below = folder / name
        if below.exists() and not below.is_dir():
            rule, remedy = "is a file", "name another folder"
            raise InvalidArgument("sink", describe_path(below), rule, remedy)
        below.mkdir(exist_ok=True)
        for path in below.iterdir():
            if path.is_dir() and not path.is_symlink():
                rule, remedy = "is a folder, which no sink has there", "move it elsewhere"
                raise InvalidArgument("sink", describe_path(path), rule, remedy)
            if f"{name}/{path.name}" not in named:
                path.unlink()


def _write(sink: Sink, number: int, name: str, tables: EngineTables) -> PartFile:
    """Write one table of a part, and give it its name when it is on the disk."""
    frame = frame_of(tables, name, sink.layout)
    folder = sink.folder / name
    temporary = folder / f".{number:06}.tmp"
    try:
        _write_frame(frame, temporary, sink.format)
    except BaseException:
        # A full disk gets back what is of no use.
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise
    content = hash_of(temporary)
    path = folder / f"{number:06}-{content[:_NAME_DIGITS]}.{ENDINGS[sink.format]}"
    size = temporary.stat().st_size
    temporary.replace(path)
    sync_folder(folder)
    return PartFile(f"{name}/{path.name}", frame.height, size, content)


def _write_frame(frame: pl.DataFrame, path: Path, sink_format: SinkFormat) -> None:
    import polars as pl

    # The bytes come of the cells alone, and not of the pieces and buffers that they lie in.
    frame = frame.rechunk()
    plain = pl.CompatLevel.oldest()
    with path.open("wb") as file:
        try:
            if sink_format == "parquet":
                frame.write_parquet(file, compression="zstd", row_group_size=_GROUP_ROWS)
            else:
                frame.write_ipc(file, compat_level=plain)
        except pl.exceptions.ComputeError as error:
            # So Polars says that the disk is full.
            raise OSError(f"{path}: {error}") from error
        file.flush()
        os.fsync(file.fileno())


def _write_params(folder: Path, params: pl.DataFrame | None) -> None:
    """Keep the parameters, which the metrics of a result have in front."""
    if params is None:
        (folder / PARAMS).unlink(missing_ok=True)
        return
    buffer = io.BytesIO()
    params.write_ipc(buffer)
    replace_durably(folder / PARAMS, buffer.getvalue())


def read_params(folder: Path) -> pl.DataFrame | None:
    """Give the parameters of the runs; None when there were none."""
    import polars as pl

    path = folder / PARAMS
    return pl.read_ipc(path.read_bytes()) if path.exists() else None


def _write_times(folder: Path, tables: EngineTables) -> None:
    """Keep the times of the curves, which a list of numbers does not have."""
    times = times_of(tables)
    if times is None or (folder / TIMES).exists():
        return
    buffer = io.BytesIO()
    times.to_frame().write_ipc(buffer)
    replace_durably(folder / TIMES, buffer.getvalue())


def read_times(folder: Path) -> pl.Series | None:
    """Give the times of the points of every curve; None when no curve was kept."""
    import polars as pl

    path = folder / TIMES
    return pl.read_ipc(path.read_bytes())["time"] if path.exists() else None


def scanned(folder: Path, manifest: Manifest) -> Frames:
    """Give the tables of all parts, of one at least, as lazy frames.

    Parameters
    ----------
    folder : Path
        The folder of the sink.
    manifest : Manifest
        Its list; what it does not name is not read.

    Returns
    -------
    Frames
        Nothing is read before it is asked for.
    """
    import polars as pl

    kind = manifest.identity["format"]
    scan = pl.scan_parquet if kind == "parquet" else pl.scan_ipc
    ordered = [manifest.parts[number] for number in sorted(manifest.parts)]

    def one(name: str) -> pl.LazyFrame:
        files = [part.files[name] for part in ordered]
        # Lists of a part in which all runs failed have no length, and so another type.
        filled = [file for file in files if file.rows] or files[:1]
        return scan([folder / file.file for file in filled])

    return Frames(*(one(name) for name in NAMES))


__all__ = [
    "Sink",
    "expect_only",
    "identity_of",
    "read_params",
    "read_times",
    "scanned",
    "write_parts",
]
