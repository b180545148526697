"""One pass over all runs, or a pessimistic and an optimistic one, in memory or onto disk."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from omega_portfolio.batch.engine import open_engine
from omega_portfolio.batch.executors import remote_of
from omega_portfolio.batch.facts import Facts
from omega_portfolio.batch.inputs import params_frame
from omega_portfolio.batch.interrupt import stoppable
from omega_portfolio.batch.manifest import read_manifest
from omega_portfolio.batch.progress import shown
from omega_portfolio.batch.result import BatchResult
from omega_portfolio.batch.scratch import Call
from omega_portfolio.batch.sink import Sink, expect_only, write_parts
from omega_portfolio.batch.slices import (
    Drive,
    bytes_of,
    refuse_size,
    runs_of_a_slice,
    slices,
    spans_of,
)
from omega_portfolio.batch.stored import PASSES, result_of
from omega_portfolio.batch.tables import Gathered
from omega_portfolio.errors import InvalidArgument, RunCancelled, WorkerLost

if TYPE_CHECKING:
    from collections.abc import Mapping

    from omega_portfolio.batch.engine import Engine, Keep
    from omega_portfolio.batch.executors import Way
    from omega_portfolio.types import ArrowStream, BackendName, BatchPath, CancelToken, Layout

ENDS: Final = (KeyboardInterrupt, RunCancelled, WorkerLost)
"""What ends a batch early, and leaves its whole runs."""


@dataclass(frozen=True, slots=True)
class Work:
    """A call of :func:`omega_portfolio.run_batch` with checked arguments.

    Attributes
    ----------
    backend : {"rust", "python"}
        Which backend works.
    frames : (bars, orders, params)
        What is read.
    settings : mapping
        Keyword arguments of the backend's class, without ``path``.
    keep : Keep
        What is kept of a run.
    layout : {"rows", "list"}
        The form of the equity.
    bound : int or None
        Bytes that results in memory may have.
    sink : Sink or None
        Where they go instead.
    options : mapping
        Arguments of the metrics.
    """

    backend: BackendName
    frames: tuple[ArrowStream, ArrowStream, ArrowStream | None]
    settings: Mapping[str, Any]
    keep: Keep
    layout: Layout
    bound: int | None
    sink: Sink | None
    options: Mapping[str, object]

    def done(
        self,
        path: BatchPath,
        way: Way,
        cancel: CancelToken | None,
        progress: object,
    ) -> BatchResult:
        """Make one pass, or two."""
        names = PASSES if path == "both" else (path,)
        settings = [{**self.settings, "path": name} for name in names]
        engines = [open_engine(self.backend, self.frames, one) for one in settings]
        # Behind the checks of the backend, which names the cell that is wrong.
        params = params_frame(self.frames[2])
        if path == "both" and params is not None and "path" in params.columns:
            rule = 'is a column of params, and path="both" as well'
            raise InvalidArgument("path", "both", rule, "leave out one of the two")
        if self.sink is None:
            needed = sum(bytes_of(len(one), one.moments, self.keep) for one in engines)
            refuse_size(needed, self.bound)
        facts = [
            Facts(one, params, self.options, self.settings["currency"], len(one)) for one in engines
        ]
        total = sum(len(one) for one in engines)
        patient = self.backend == "rust" or not way.is_here
        with (
            shown(progress, total) as told,
            stoppable(cancel, patient=patient) as stop,
            remote_of(way) as remote,
        ):
            if remote is not None:
                for engine, given in zip(engines, settings, strict=True):
                    remote.knows(Call(self.backend, engine, self.frames, given, self.keep))
            drive = Drive(self.backend, way.threads, told, stop, remote)
            if path != "both":
                return self._pass(facts[0], drive, self.sink)
            return self._both(facts, drive)

    def _both(self, facts: list[Facts], drive: Drive) -> BatchResult:
        sinks: list[Sink | None] = [None, None]
        if self.sink is not None:
            expect_only(self.sink.folder, PASSES)
            sinks = [replace(self.sink, folder=self.sink.folder / name) for name in PASSES]
        worse = self._pass(facts[0], drive, sinks[0])
        drive = replace(drive, told=drive.counting_from(facts[0].total))
        rest = self if self.bound is None else replace(self, bound=self.bound - bytes_in(worse))
        try:
            better = rest._pass(facts[1], drive, sinks[1])
        except ENDS as error:
            partial: BatchResult = error.result  # type: ignore[union-attr,assignment]
            _hand_over(error, worse.with_optimistic(partial))
            raise
        return worse.with_optimistic(better)

    def _pass(self, facts: Facts, drive: Drive, sink: Sink | None) -> BatchResult:
        if sink is None:
            return self._in_memory(facts, drive)
        return self._on_disk(facts, drive, sink)

    def _in_memory(self, facts: Facts, drive: Drive) -> BatchResult:
        engine = facts.engine
        size = runs_of_a_slice(engine.moments, drive.backend)
        spans = spans_of(len(engine), size) or [(0, 0)]
        gathered = Gathered(self.layout)
        made = slices(engine, self.keep, drive, spans)
        if drive.remote is not None and len(engine):
            made = drive.remote.shards(engine, self.keep, drive, [(0, len(engine))])
        try:
            for tables in made:
                gathered.add(tables)
                refuse_size(gathered.size, self.bound)
        except ENDS as error:
            if not gathered.parts:
                gathered.add(self._nothing(engine))
            partial = replace(facts, complete=False, times=gathered.times)
            _hand_over(error, BatchResult(gathered.frames(), partial))
            raise
        return BatchResult(gathered.frames(), replace(facts, times=gathered.times))

    def _on_disk(self, facts: Facts, drive: Drive, sink: Sink) -> BatchResult:
        try:
            write_parts(facts, self.keep, drive, sink)
        except ENDS as error:
            _hand_over(error, self._stored(facts, sink))
            raise
        return self._stored(facts, sink)

    def _stored(self, facts: Facts, sink: Sink) -> BatchResult:
        """Give what lies in the folder."""
        manifest = read_manifest(sink.folder)
        complete = manifest is not None and manifest.complete
        if manifest is None or not manifest.parts:
            gathered = Gathered(self.layout)
            gathered.add(self._nothing(facts.engine))
            return BatchResult(gathered.frames(), replace(facts, complete=complete))
        return result_of(sink.folder, manifest, facts)

    def _nothing(self, engine: Engine) -> Any:  # noqa: ANN401 - tables of a backend.
        """Give tables without a row."""
        return next(slices(engine, self.keep, Drive(self.backend), [(0, 0)]))


def bytes_in(result: BatchResult) -> int:
    """Give the memory that the tables of a result hold; those on disk hold none."""
    if result.folder is not None:
        return 0
    tables = (result.equity, result.trades, result.metrics, result.final, result.rejected)
    return sum(int(table.lazy().collect().estimated_size()) for table in tables)


def _hand_over(error: BaseException, result: BatchResult) -> None:
    """Give the whole runs to whoever catches the end of a batch."""
    # The interrupt stays what it is, because a subclass would not end a program with 130.
    error.result = result  # type: ignore[attr-defined]


__all__ = ["Work"]
