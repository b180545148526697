"""The files that the workers of a batch read: bars, orders and parameters, written once.

Workers map them into memory, so that all workers of a machine share one copy. The folder is
removed at the end of the batch, whatever the end is. Of a caller that was killed its own workers
remove it; where there are none of these, a batch of the machine does, a minute later at least.
"""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from omega_portfolio.batch.handed import packed, plain
from omega_portfolio.batch.locks import BUSY, FREE, LOCK, locked, take
from omega_portfolio.batch.worker import Job
from omega_portfolio.one_reading import read_once

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pyarrow as pa

    from omega_portfolio.batch.engine import Engine, Keep
    from omega_portfolio.types import ArrowStream, BackendName

    Frames = tuple[ArrowStream, ArrowStream, ArrowStream | None]

NAME: Final = "omega-portfolio"
ALIVE: Final = "alive"
_TRIES: Final = 20
YOUNG: Final = 60.0
"""Seconds that a folder stays, although nobody seems to have it: its batch may be beginning."""

FRAMES: Final = ("bars", "orders", "params")


@dataclass(frozen=True, slots=True)
class Call:
    """A batch of the caller.

    Attributes
    ----------
    backend : {"rust", "python"}
        Which backend works.
    engine : Engine
        It has checked the frames.
    frames : (bars, orders, params)
        What it was made of.
    settings : mapping
        Keyword arguments of its class.
    keep : Keep
        What is kept of a run.
    """

    backend: BackendName
    engine: Engine
    frames: Frames
    settings: Mapping[str, Any]
    keep: Keep

    def job(self, threads: int, *, prepared: bool, **places: Any) -> Job:  # noqa: ANN401
        """Describe it for workers, with a name of its own and the version of this package."""
        from omega_portfolio import __version__

        settings, keep = packed(self.settings), plain(self.keep)
        known = (uuid4().hex, __version__, self.backend, settings, keep, int(threads))
        return Job(*known, prepared=prepared, **places)


def tables_of(call: Call) -> tuple[list[pa.Table | None], bool]:
    """Give bars, orders and params as tables, and whether the bars are prepared.

    The compiled engine gives the bars as it has read them, so that a worker reads nothing.
    """
    prepare = getattr(call.engine, "prepared_bars", None)
    bars = call.frames[0] if prepare is None else prepare()
    given = (bars, *call.frames[1:])
    tables = [
        None if one is None else read_once(one, name)
        for one, name in zip(given, FRAMES, strict=True)
    ]
    return tables, prepare is not None


def write_stream(sink: pa.NativeFile, table: pa.Table) -> None:
    """Write a table as an Arrow stream."""
    import pyarrow as pa

    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)


class Scratch:
    """A folder of a batch that runs.

    Attributes
    ----------
    folder : Path
        Its place.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.alive = folder / ALIVE
        self.alive.touch()
        self._files: tuple[str, str, str | None] | None = None
        self._prepared = False

    def job(self, call: Call, threads: int) -> Job:
        """Describe a batch; both passes of a call read the same files."""
        if self._files is None:
            tables, self._prepared = tables_of(call)
            bars, orders, params = (
                None if table is None else self._write(name, table)
                for name, table in zip(FRAMES, tables, strict=True)
            )
            self._files = str(bars), str(orders), params
        places: dict[str, Any] = {"files": self._files, "alive": str(self.alive)}
        return call.job(threads, prepared=self._prepared, **places)

    def stop(self) -> None:
        """Tell all workers that nobody waits for their runs."""
        self.alive.unlink(missing_ok=True)

    def _write(self, name: str, table: pa.Table) -> str:
        import pyarrow as pa

        path = self.folder / f"{name}.arrow"
        with pa.OSFile(str(path), "wb") as sink:
            write_stream(sink, table)
        return str(path)


@contextmanager
def scratch_in(place: Path | None) -> Iterator[Scratch]:
    """Make a folder for a batch, and remove it at the end.

    Parameters
    ----------
    place : Path or None
        Where; None for the folder of temporary files.

    Yields
    ------
    Scratch
        To be written into.

    Raises
    ------
    OSError
        Nothing can be written there.
    """
    where = Path(tempfile.gettempdir()) if place is None else place.absolute()
    head = f"{NAME}-{socket.gethostname()}-"
    owner = os.getpid()
    _remove_left(where, head)
    with _own_folder(where, head) as folder:
        scratch = Scratch(folder)
        try:
            yield scratch
        finally:
            # A child that was forked meanwhile and comes back here owns nothing.
            if os.getpid() == owner:
                scratch.stop()


@contextmanager
def _own_folder(where: Path, head: str) -> Iterator[Path]:
    """Make a folder that no other batch takes for one that was left."""
    owner = os.getpid()
    for _ in range(_TRIES):
        folder = Path(tempfile.mkdtemp(prefix=head, dir=where))
        with ExitStack() as held:
            held.callback(_remove, folder, owner)
            try:
                found = held.enter_context(locked(folder / LOCK))
            except FileNotFoundError:
                continue
            # Another batch may have come between the making of the file and its lock.
            if found != BUSY and (folder / LOCK).exists():
                yield folder
                return
    raise FileExistsError(f"{where}: other processes take each folder that is made here")


def _remove(folder: Path, owner: int) -> None:
    """Remove a folder, unless this is a child of the process that made it."""
    if os.getpid() == owner:
        shutil.rmtree(folder, ignore_errors=True)


def _remove_left(where: Path, head: str) -> None:
    """Remove the folders of callers of this machine that were killed, but no young one."""
    for lock in where.glob(f"{head}*/{LOCK}"):
        try:
            handle = os.open(lock, os.O_RDWR)
        except OSError:
            # It is somebody else's, or has just been removed.
            continue
        try:
            old = time.time() - os.fstat(handle).st_mtime >= YOUNG
            if old and take(handle) == FREE:
                shutil.rmtree(lock.parent, ignore_errors=True)
        finally:
            os.close(handle)


__all__ = ["ALIVE", "Call", "Scratch", "scratch_in", "tables_of", "write_stream"]
