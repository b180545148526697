"""Measure one workload on one engine, in a process of its own.

Usage::

    python benches/compare/measure.py W2 numba-float --size small --finals finals.npy

It prints one JSON object. An engine that cannot do the work, or that is not installed, gives
``{"unavailable": why}``. An engine that would take longer than ``--limit`` seconds of a processor
does the first runs of the work only, as many as fit by what it needed for the small size (and into
memory); a single run that does not fit is unavailable.
"""

from __future__ import annotations

import argparse
import ctypes
import gc
import hashlib
import json
import os
import resource
import statistics
import sys
from importlib import import_module
from pathlib import Path
from time import perf_counter, process_time
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from engine import UnavailableError
from works import WORKS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine import Call, Engine
    from works import Work

ENGINES: Final[dict[str, tuple[str, str, tuple[object, ...]]]] = {
    "omega": ("engine_omega", "Omega", (1,)),
    "omega-2": ("engine_omega", "Omega", (2,)),
    "numba-float": ("engine_numba", "Numba", ("float",)),
    "numba-fixed": ("engine_numba", "Numba", ("fixed",)),
    "vectorbt": ("engine_vectorbt", "Vectorbt", ("numba",)),
    "vectorbt-rust": ("engine_vectorbt", "Vectorbt", ("rust",)),
    "raptorbt": ("engine_raptorbt", "Raptorbt", ()),
    "backtesting": ("engine_backtesting", "Backtesting", ()),
    "nautilus": ("engine_nautilus", "Nautilus", ()),
}
"""Module, class and arguments of each engine."""

ONE_THREAD: Final = ("RAYON_NUM_THREADS", "NUMBA_NUM_THREADS", "OMP_NUM_THREADS")
"""All engines but omega-2 have one thread; Polars and its frames are ours alone."""

ROUNDS_MIN, ROUNDS_MAX = 3, 25
TRIALS = 3
"""Small calls before the measurement; the fastest says how long a run would take."""

DOUBT = 3
"""A run that seems to take up to so many limits is tried."""


def make(name: str) -> Engine:
    """Import an engine.

    Raises
    ------
    UnavailableError
        A package that it needs is not installed.
    """
    module, kind, arguments = ENGINES[name]
    try:
        found: Engine = getattr(import_module(module), kind)(*arguments)
    except ImportError as error:
        raise UnavailableError(f"{error}") from error
    return found


def measured(call: Call) -> tuple[Any, float, float]:
    """Make a call and give its result, the seconds on the wall and those of the processor."""
    gc.collect()
    gc.disable()
    wall, processor = perf_counter(), process_time()
    result = call.run()
    spent = perf_counter() - wall, process_time() - processor
    gc.enable()
    return result, *spent


def runs_that_fit(engine: Engine, name: str, work: Work, limit: float) -> int:
    """Warm up on the small size, and say how many runs of the work fit into the limit.

    Raises
    ------
    UnavailableError
        Not even one.
    """
    small = WORKS[name]("small")
    call = engine.prepare(small)
    call.run()
    seconds = min(measured(call)[2] for _ in range(TRIALS))
    amount = small.runs * small.bars[0].size
    run = seconds / amount * work.bars[0].size
    # What a call costs whatever its size weighs more in a small one, so a run may take less.
    wanted = 1 if limit < run <= limit * DOUBT else int(limit / run)
    fitting = min(work.runs, wanted, engine.cells_max // work.bars[0].size)
    if fitting < 1:
        raise UnavailableError(f"a run would take some {run:,.0f} s, over the limit of {limit:g} s")
    return fitting


def resident(field: str) -> int:
    """Give VmRSS or VmHWM of this process in bytes; 0 where the system does not tell."""
    try:
        text = Path("/proc/self/status").read_text(encoding="ascii")
    except OSError:
        return 0
    lines = (line.split() for line in text.splitlines())
    return next((int(line[1]) * 1024 for line in lines if line[0] == f"{field}:"), 0)


def forget_the_peak() -> int:
    """Let the peak of the memory start again, and give what is in use; 0 where it cannot be.

    Memory that making the inputs has freed goes back to the system first, where the C library can
    do that; otherwise a call that takes it again would seem to need none.
    """
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    except OSError:
        return 0
    return resident("VmRSS")


def hash_of(parts: Sequence[np.ndarray[Any, Any]]) -> str:
    """Hash all arrays of a result."""
    found = hashlib.blake2b(digest_size=8)
    for each in parts:
        found.update(np.ascontiguousarray(each).tobytes())
    return found.hexdigest()


def measure(name: str, engine_name: str, size: Any, limit: float) -> tuple[dict[str, Any], Any]:
    """Measure, and give the figures with the final equities."""
    work = WORKS[name](size)
    facts: dict[str, Any] = {"work": name, "engine": engine_name, "text": work.text}
    facts |= {"runs_all": work.runs, "moments": work.moments, "symbols": work.bars.shape[2]}
    facts["inputs"] = work.digest
    try:
        engine = make(engine_name)
        facts["versions"] = engine.versions()
        work = work.first(runs_that_fit(engine, name, work, limit))
        call = engine.prepare(work)
    except UnavailableError as error:
        return facts | {"unavailable": str(error)}, None
    before = forget_the_peak()
    result, wall, processor = measured(call)
    peak = resident("VmHWM") if before else 0
    walls, processors = [wall], [processor]
    outcome = call.outcome(result)
    digest, finals, closed = hash_of(outcome.parts), outcome.finals.copy(), outcome.closed
    del result, outcome
    while len(walls) < ROUNDS_MIN or (len(walls) < ROUNDS_MAX and sum(processors) < limit / 2):
        _, wall, processor = measured(call)
        walls.append(wall)
        processors.append(processor)
    facts |= {
        "runs": work.runs, "fills": work.fills, "closed": closed, "hash": digest, "note": call.note,
        "rounds": len(walls), "wall_min": min(walls), "wall_median": statistics.median(walls),
        "cpu_min": min(processors), "cpu_median": statistics.median(processors),
        "memory_call": max(peak - before, 0),
        "memory_process": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    }  # fmt: skip
    return facts, finals


def main(arguments: list[str]) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(description="Measure one workload on one engine.")
    parser.add_argument("work", choices=list(WORKS))
    parser.add_argument("engine", choices=list(ENGINES))
    parser.add_argument("--size", choices=("small", "full"), default="full")
    parser.add_argument("--limit", type=float, default=20.0, help="seconds of a call")
    parser.add_argument("--finals", type=Path, help="file for the final equities")
    options = parser.parse_args(arguments)
    for name in ONE_THREAD:
        os.environ.setdefault(name, "1")
    facts, finals = measure(options.work, options.engine, options.size, options.limit)
    if finals is not None and options.finals is not None:
        np.save(options.finals, finals)
    print(json.dumps(facts))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
