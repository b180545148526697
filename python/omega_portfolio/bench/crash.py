"""The proof that a process that is killed loses nothing that it has acknowledged (SPEC J3).

A child writes a journal and says after every call how many events it has. It is killed at some
moment, and what it has left is read: all that was acknowledged has to be there, in the very state
that these events make, and nothing else. The next child goes on with the same file. What a power
cut leaves is another question, which the tests of the compiled engine ask a simulated disk.
"""

from __future__ import annotations

import os
import select
import signal
import tempfile
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, Final

from omega_portfolio.bench.crash_steps import Reference, begun, step
from omega_portfolio.errors import OmegaPortfolioError
from omega_portfolio.journals import inspect_journal, open_journal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from omega_portfolio.types import BackendName

MODES: Final = ("off", "os", "interval", "always")
KILLS_OF_A_JOURNAL: Final = 12
"""So many children go on with one file, so that no replay becomes long."""

_WAIT_MAX: Final = 0.005
_BEFORE_THE_FIRST: Final = 0.1
"""Share of the children that are killed without waiting for their first word."""

_PATIENCE: Final = 10.0
_NUMBER_BYTES: Final = 8


@dataclass
class Result:
    """What was seen.

    Attributes
    ----------
    seed, kills, journals : int
        Where the draws come from, children that were killed, and files.
    acknowledged, recovered : int
        Events that children have told of, and events that were found, summed over all kills.
    lost : int
        Events that were acknowledged and not found, in the modes that promise them.
    lost_off : int
        Those of mode off, which promises none of what it gathers.
    wrong_states : int
        Journals that gave another state than their events make.
    in_the_middle : int
        Kills that left a call in the file that was not acknowledged, or a part of one.
    verdicts : dict of str to int
        What the files were found to be; ``missing`` is one that had no name.
    failures : list of str
        What went wrong, with the number of the kill.
    seconds : float
        How long it took.
    """

    seed: int
    kills: int = 0
    journals: int = 0
    acknowledged: int = 0
    recovered: int = 0
    lost: int = 0
    lost_off: int = 0
    wrong_states: int = 0
    in_the_middle: int = 0
    verdicts: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    seconds: float = 0.0


@dataclass(frozen=True)
class _Life:
    """One file and how its children write it."""

    path: Path
    seed: str
    sync: str
    snapshot_every: int


def run(
    kills: int, seed: int, backends: Sequence[BackendName], advance: Callable[[int], object]
) -> Result:
    """Kill so many children, and look at what each has left.

    Parameters
    ----------
    kills : int
        How many.
    seed : int
        Where the draws come from; when a child is at its end depends on the machine as well.
    backends : sequence of {"rust", "python"}
        Who writes and who reads, drawn for each.
    advance : callable
        Is told of every kill.

    Returns
    -------
    Result
        The counts. The first failures end the run.
    """
    random = Random(seed)  # noqa: S311 - draws of a test.
    result, begin = Result(seed), time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        while result.kills < kills and len(result.failures) < 5:
            name = f"{result.journals}.journal"
            life = _Life(
                Path(folder) / name, f"{seed}/{name}", random.choice(MODES), random.randint(3, 60)
            )
            result.journals += 1
            reference = Reference(life.seed, backends[0])
            for _ in range(min(KILLS_OF_A_JOURNAL, kills - result.kills)):
                writer, reader = random.choice(backends), random.choice(backends)
                is_early = random.random() < _BEFORE_THE_FIRST
                wait = random.uniform(0, _WAIT_MAX)
                told = _killed(partial(_write, life, writer), is_early=is_early, wait=wait)
                result.kills += 1
                _judge(result, life, told, (reader, reference))
                advance(1)
            for entry in Path(folder).iterdir():
                entry.unlink()
    result.seconds = time.perf_counter() - begin
    return result


def facts(result: Result) -> dict[str, Any]:
    """Give the counts for a program."""
    return {**asdict(result), "verdicts": dict(result.verdicts)}


def report(result: Result) -> str:
    """Give the counts for a person."""
    verdicts = ", ".join(f"{count:,} {name}" for name, count in sorted(result.verdicts.items()))
    lines = [
        ("kills", f"{result.kills:,} of {result.journals:,} journals, seed {result.seed}"),
        ("left", verdicts),
        ("acknowledged", f"{result.acknowledged:,} events"),
        ("recovered", f"{result.recovered:,} events"),
        ("lost", f"{result.lost:,}; of mode off, which promises nothing, {result.lost_off:,}"),
        ("wrong states", f"{result.wrong_states:,}"),
        ("cut calls", f"{result.in_the_middle:,} kills in the middle of a call"),
        ("seconds", f"{result.seconds:.1f}"),
        *(("FAILED", text) for text in result.failures),
    ]
    return "\n".join(f"{name:<13} {text}" for name, text in lines)


def _killed(write: Callable[[int], None], *, is_early: bool, wait: float) -> int:
    """Let a child write until it is killed; give the number of events that it has told."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(reading)
            write(writing)
        finally:
            os._exit(1)
    os.close(writing)
    if not is_early:
        select.select([reading], [], [], _PATIENCE)
    time.sleep(wait)
    os.kill(child, signal.SIGKILL)
    told = _last_number(reading)
    os.close(reading)
    os.waitpid(child, 0)
    return told


def _write(life: _Life, backend: BackendName, writing: int) -> None:
    """Make calls for ever, and tell the number of events after each."""
    if life.path.exists():
        portfolio = open_journal(life.path, snapshot_every=life.snapshot_every, backend=backend)
    else:
        portfolio = begun(
            backend, journal=life.path, sync=life.sync, snapshot_every=life.snapshot_every
        )
    while True:
        step(portfolio, life.seed)
        os.write(writing, portfolio.events.to_bytes(_NUMBER_BYTES, "little"))


def _last_number(reading: int) -> int:
    data = b""
    while part := os.read(reading, 1 << 16):
        data += part
    whole = len(data) // _NUMBER_BYTES * _NUMBER_BYTES
    return int.from_bytes(data[max(0, whole - _NUMBER_BYTES) : whole], "little")


def _judge(result: Result, life: _Life, told: int, way: tuple[BackendName, Reference]) -> None:
    reader, reference = way
    result.acknowledged += told
    if not life.path.exists():
        result.verdicts["missing"] += 1
        if told:
            result.lost += told
            result.failures.append(f"kill {result.kills}: no file, and {told} events")
        return
    found = inspect_journal(life.path, backend=reader)
    result.verdicts[found.verdict] += 1
    result.recovered += found.events
    lost = max(0, told - found.events)
    result.in_the_middle += found.events > told > 0 or found.verdict == "torn"
    where = f"kill {result.kills}, mode {life.sync}, read by {reader}"
    if found.verdict not in ("clean", "torn"):
        result.failures.append(f"{where}: {found.verdict}: {found.reason}")
        return
    if life.sync == "off":
        result.lost_off += lost
    elif lost:
        result.lost += lost
        result.failures.append(f"{where}: {told} events told, {found.events} found")
    try:
        expected = reference.digest(found.events)
    except OmegaPortfolioError as error:
        expected = str(error)
    if found.digest != expected:
        result.wrong_states += 1
        result.failures.append(f"{where}: another state of {found.events} events")
