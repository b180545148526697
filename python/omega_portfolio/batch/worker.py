"""What a worker does with a shard: open the batch once, make some of its runs, hand them back.

This is all that runs outside of the caller's process. ``run_shard`` is the one function that an
executor gets. ``serve`` is the loop of the workers that ``executor="processes"`` starts: it needs
nothing of the caller's program, so a script without a guard around its main part works.
"""

from __future__ import annotations

import os
import pickle
import queue
import signal
import struct
import sys
import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, BinaryIO, Final

from omega_portfolio.batch.engine import Keep, open_engine, run_kept
from omega_portfolio.batch.handed import unpacked
from omega_portfolio.batch.locks import remove_left
from omega_portfolio.batch.tables import NAMES
from omega_portfolio.errors import InvalidArgument, OmegaPortfolioError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa

    from omega_portfolio.batch.engine import Engine
    from omega_portfolio.types import BackendName

    Arrows = tuple[pa.Table, pa.Table, pa.Table | None]

KEPT: Final = 2
"""Batches that a worker keeps open: the two passes of ``path="both"``."""

LENGTH_MAX: Final = 2**40
"""Most bytes of a message; a length above it was written by somebody else."""

_LENGTH: Final = struct.Struct("<Q")


@dataclass(frozen=True, slots=True)
class Job:
    """A batch as a worker opens it.

    Attributes
    ----------
    name : str
        Unlike that of any other batch.
    version : str
        Of the package that the caller has.
    backend : {"rust", "python"}
        Which backend works.
    settings : mapping of str to bytes
        Keyword arguments of the backend's class, each as a pickle of its own.
    keep : Keep
        What is kept of a run.
    threads : int
        Threads of a shard.
    prepared : bool
        The bars are what the caller's engine had read already.
    files : (bars, orders, params) or None
        Arrow streams to be mapped into memory; None when the tables come with the call.
    alive : str or None
        A file that is there while the caller wants the runs.
    """

    name: str
    version: str
    backend: BackendName
    settings: Mapping[str, bytes]
    keep: Keep
    threads: int
    prepared: bool = False
    files: tuple[str, str, str | None] | None = None
    alive: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """The runs of a shard.

    Attributes
    ----------
    tables : dict of str to bytes
        Arrow streams.
    done : int
        Number of whole runs.
    complete : bool
        Whether these are all that were asked for.
    seconds : float
        What the runs took.
    error : OmegaPortfolioError or None
        What was raised instead.
    """

    tables: dict[str, bytes] = field(default_factory=dict)
    done: int = 0
    complete: bool = False
    seconds: float = 0.0
    error: OmegaPortfolioError | None = None


class Alive:
    """Ends the runs of a worker when the caller's file is gone, whoever removed it."""

    __slots__ = ("_path",)

    def __init__(self, path: str) -> None:
        self._path = path

    @property
    def cancelled(self) -> bool:
        """Whether nobody waits for the runs."""
        return not Path(self._path).exists()


_opened: OrderedDict[str, Engine] = OrderedDict()
_lock = threading.Lock()


def run_shard(job: Job, first: int, count: int, arrows: Arrows | None = None) -> Answer:
    """Make some runs of a batch.

    Parameters
    ----------
    job : Job
        The batch.
    first, count : int
        First run, in the order of the results, and number of runs.
    arrows : (bars, orders, params), optional
        What the files of the job would hold.

    Returns
    -------
    Answer
        Whole runs, or the refusal.
    """
    try:
        engine = _engine_of(job, arrows)
        cancel = None if job.alive is None else Alive(job.alive)
        started = perf_counter()
        tables = run_kept(engine, (first, count), job.keep, threads=job.threads, cancel=cancel)
        seconds = perf_counter() - started
    except OmegaPortfolioError as error:
        # As a value it reaches the caller unchanged, whatever an executor does with exceptions.
        return Answer(error=error)
    written = {name: getattr(tables, name).to_ipc() for name in NAMES}
    return Answer(written, tables.done, tables.complete, seconds)


def expect_version(wanted: str) -> None:
    """Refuse to make runs of another version, which may have other results.

    Raises
    ------
    InvalidArgument
        This process has another version than the caller.
    """
    from omega_portfolio import __version__

    if __version__ != wanted:
        rule = f"is the version of a worker, and the caller has {wanted}"
        remedy = "install the same version of omega-portfolio wherever runs are made"
        raise InvalidArgument("executor", f"omega-portfolio {__version__}", rule, remedy)


def _engine_of(job: Job, arrows: Arrows | None) -> Engine:
    expect_version(job.version)
    with _lock:
        engine = _opened.get(job.name)
        if engine is None:
            frames = arrows or _mapped(job)
            settings = unpacked(job.settings)
            if job.prepared:
                settings["prepared"] = True
            engine = open_engine(job.backend, frames, settings)
            _opened[job.name] = engine
            while len(_opened) > KEPT:
                _opened.popitem(last=False)
        _opened.move_to_end(job.name)
        return engine


def forget(name: str) -> None:
    """Let go of a batch and of the files that are mapped for it."""
    with _lock:
        _opened.pop(name, None)


def _mapped(job: Job) -> Arrows:
    if job.files is None:
        raise AssertionError(f"job {job.name} has neither files nor tables")
    bars, orders, params = job.files
    return mapped(bars), mapped(orders), None if params is None else mapped(params)


def mapped(path: str) -> pa.Table:
    """Give the table of a file over the memory that the file is mapped into."""
    import pyarrow as pa

    return table_in(pa.memory_map(path))


def table_in(stream: pa.Buffer | pa.NativeFile | bytes) -> pa.Table:
    """Give the table of an Arrow stream, over the memory that the stream is in."""
    import pyarrow as pa

    return pa.ipc.open_stream(stream).read_all()


def send(stream: BinaryIO, data: bytes) -> None:
    """Write a message: its length, and what it is."""
    stream.write(_LENGTH.pack(len(data)))
    stream.write(data)
    stream.flush()


def receive(stream: BinaryIO) -> bytes:
    """Read a message.

    Raises
    ------
    EOFError
        The other side has ended.
    InvalidArgument
        It has a length that no message has.
    """
    head = stream.read(_LENGTH.size)
    if len(head) == _LENGTH.size:
        (length,) = _LENGTH.unpack(head)
        if length > LENGTH_MAX:
            value, rule = f"a message of {length:,} bytes", "is none that a worker gets or sends"
            remedy = "see that nothing else writes into the pipes between caller and workers"
            raise InvalidArgument("executor", value, rule, remedy)
        data = stream.read(length)
        if len(data) == length:
            return data
    raise EOFError("the other process has ended")


def skip_to(stream: BinaryIO, mark: bytes) -> None:
    """Read until a mark has come, and no further.

    Raises
    ------
    EOFError
        The other side has ended before it.
    """
    last = b""
    while last != mark:
        one = stream.read(1)
        if not one:
            raise EOFError("the other process has ended")
        last = (last + one)[-len(mark) :]


def serve() -> None:
    """Make the shards that standard input names, until the caller ends.

    The arguments of the program are a mark for the begin of the answers, and where they go.
    """
    # Ctrl-C reaches all processes of a terminal; the caller decides what becomes of it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    mark, *pipe = sys.argv[1:]
    answers = os.fdopen(int(pipe[0]) if pipe else os.dup(1), "wb")
    if not pipe:
        # What anybody prints here must not come between the answers.
        sys.stdout.flush()
        os.dup2(2, 1)
    answers.write(mark.encode())
    answers.flush()
    tasks: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(sys.stdin.buffer, tasks), daemon=True).start()
    while True:
        task = tasks.get()
        try:
            data = pickle.dumps(run_shard(*pickle.loads(task)))  # noqa: S301 - of our caller.
        except BaseException as error:  # noqa: BLE001 - the caller raises it.
            data = _packed(error)
        send(answers, data)


def _packed(error: BaseException) -> bytes:
    """Pickle an exception; one that cannot be, or would end the caller, is told by its text."""
    told = pickle.dumps(RuntimeError(f"{type(error).__name__}: {error}"))
    if not isinstance(error, Exception):
        return told
    try:
        data = pickle.dumps(error)
        pickle.loads(data)  # noqa: S301 - written in the line above.
    except Exception:  # noqa: BLE001 - classes of anybody.
        return told
    return data


def _listen(stream: BinaryIO, tasks: queue.SimpleQueue[bytes]) -> None:
    """Take shards; a caller that was killed leaves its scratch files to its workers."""
    try:
        alive = receive(stream).decode()
        while True:
            tasks.put(receive(stream))
    except EOFError:
        remove_left(Path(alive).parent)
    finally:
        os._exit(1)


def _after_fork() -> None:
    """Begin anew in a child: nobody there lets go of a lock that another thread had."""
    global _lock, _opened  # noqa: PLW0603 - what a child begins with.
    _lock = threading.Lock()
    _opened = OrderedDict()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)

__all__ = [
    "Alive",
    "Answer",
    "Job",
    "forget",
    "mapped",
    "run_shard",
    "serve",
    "skip_to",
    "table_in",
]
