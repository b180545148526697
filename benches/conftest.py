"""How the benches measure, and what they print at the end.

The benches are collected only when this folder is named::

    python -m pytest benches -o python_files='bench_*.py'            # as `make bench`
    python -m pytest benches -o python_files='bench_*.py' --small    # as `make test`

Both do the same work on the same seed; ``--small`` repeats it only a few times, so that its
figures are rough, and leaves out the largest frames. Nothing asserts a time. Each bench ends with
the digest of its portfolio, which goes into the summary and into the file of ``--benchmark-json``
that ``tools/benchmark_history.py`` files and compares.
"""

from __future__ import annotations

import ctypes
import os
import platform
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    import omega_portfolio as op

Result = TypeVar("Result")

HASH_LENGTH = 16
"""So many hexadecimal digits of a digest are shown."""

CALLS_ROUNDS = 200
"""Rounds of a block of calls in a full run."""

MALLOC_TRIM: Callable[[int], int] | None = getattr(ctypes.CDLL(None), "malloc_trim", None)
"""Of the GNU C library."""

RATIOS = {
    "life cycle, Python backend / Rust backend": (
        "bench_lifecycle.py::test_life_cycle[python]",
        "bench_lifecycle.py::test_life_cycle[rust]",
    ),
    "mixed events, calls / apply": (
        "bench_frames.py::test_three_ways[calls]",
        "bench_frames.py::test_three_ways[apply]",
    ),
    "mixed events, Python backend calls / apply": (
        "bench_frames.py::test_three_ways[python-calls]",
        "bench_frames.py::test_three_ways[apply]",
    ),
    "mixed events, Python backend apply / apply": (
        "bench_frames.py::test_three_ways[python-apply]",
        "bench_frames.py::test_three_ways[apply]",
    ),
}
"""What the summary divides by what."""

ROWS = "rows"
ROWS_SMALL, ROWS_LARGE = 10_000, 1_000_000
"""A bench with the argument ``rows`` runs at the first; in a full run at both."""


class Figures(NamedTuple):
    """What one bench gave.

    Attributes
    ----------
    min_us, median_us : float
        Microseconds of one call.
    rounds : int
        Number of measurements.
    digest : str
        Digest of the portfolio that it ran on.
    """

    min_us: float
    median_us: float
    rounds: int
    digest: str


class Digested(Protocol):
    """What has a digest: a portfolio, or what stands for one."""

    @property
    def digest(self) -> str:
        """Give the digest."""


class Statistics(Protocol):
    """The figures of pytest-benchmark, in seconds."""

    min: float
    median: float
    rounds: int


class Metadata(Protocol):
    """What pytest-benchmark knows about a bench that ran."""

    iterations: int
    stats: Statistics


class Benchmark(Protocol):
    """The part of the ``benchmark`` fixture that is used here."""

    stats: Metadata | None
    extra_info: dict[str, object]

    def pedantic(
        self,
        target: Callable[..., object],
        *,
        setup: Callable[[], object],
        teardown: Callable[..., None] | None = None,
        rounds: int,
    ) -> object:
        """Measure ``target`` in so many rounds; ``setup`` and ``teardown`` are not measured."""


def release_free_memory() -> None:
    """Give memory that the process has freed back to the system, where the C library can.

    Otherwise some rounds write to pages that an earlier round has touched and some do not, and
    the figures of one bench lie up to 50 % apart.
    """
    if MALLOC_TRIM is not None:
        MALLOC_TRIM(0)


FIGURES = pytest.StashKey[dict[str, Figures]]()
LOAD = pytest.StashKey[float]()


class Bench:
    """Measures one bench and notes its figures.

    Parameters
    ----------
    benchmark : Benchmark
        The fixture of pytest-benchmark.
    small : bool
        Whether to repeat only a few times.
    note : callable
        Is given the figures.
    """

    def __init__(
        self, benchmark: Benchmark, *, small: bool, note: Callable[[Figures], None]
    ) -> None:
        self._benchmark = benchmark
        self._small = small
        self._note = note

    def block(
        self,
        prepare: Callable[[], op.Portfolio],
        run: Callable[[op.Portfolio], None],
        calls: int,
        rounds: int = CALLS_ROUNDS,
    ) -> str:
        """Measure a block of calls, on a fresh portfolio in each round.

        One call is too short for the clock. The figures are those of a block divided by the
        number of its calls; they contain the `for` statement around the calls, and the first
        touch of the memory that new rows are written to, as in a portfolio that grows.

        Parameters
        ----------
        prepare : callable
            Makes the portfolio; not measured.
        run : callable
            Makes the calls.
        calls : int
            Number of them.
        rounds : int
            Rounds of a full run.

        Returns
        -------
        str
            Digest of the portfolio after the calls, the same in every round.
        """
        digests = set()
        current: list[op.Portfolio] = []

        def setup() -> None:
            if self._benchmark.stats is not None:
                # Without this the figures would be those of the whole block.
                self._benchmark.stats.iterations = calls
            current.clear()
            release_free_memory()
            current.append(prepare())

        def target() -> None:
            run(current[0])

        def teardown() -> None:
            digests.add(current[0].digest)

        self._benchmark.pedantic(
            target, setup=setup, teardown=teardown, rounds=self._rounds(rounds, least=3)
        )
        if self._benchmark.stats is None:  # --benchmark-disable leaves the teardown out
            teardown()
        assert len(digests) == 1, f"rounds with different results: {digests}"
        digest = digests.pop()
        self._finish(digest)
        return digest

    def single(
        self,
        portfolio: Digested,
        call: Callable[[], Result],
        rounds: int,
        before: Callable[[int], None] | None = None,
    ) -> Result:
        """Measure a call that is long enough for the clock.

        One call is made ahead, for what libraries load at their first use; the digest is taken
        after it, so that it does not depend on the number of rounds. What a call returns is
        freed outside of the measurement, before the next call.

        Parameters
        ----------
        portfolio : Portfolio or what stands for one
            What is read.
        call : callable
            What is measured.
        rounds : int
            Rounds of a full run.
        before : callable, optional
            Called with the number of the round, from 0, before each call; not measured.

        Returns
        -------
        object
            Result of the call made ahead.
        """
        if before is not None:
            before(0)
        first = call()
        digest = portfolio.digest
        results: list[Result] = []
        number = 0

        def setup() -> None:
            nonlocal number
            results.clear()
            number += 1
            if before is not None:
                before(number)

        def target() -> None:
            results.append(call())

        self._benchmark.pedantic(target, setup=setup, rounds=self._rounds(rounds, least=5))
        self._finish(digest)
        return first

    def _rounds(self, rounds: int, least: int) -> int:
        return max(least, rounds // 50) if self._small else rounds

    def _finish(self, digest: str) -> None:
        self._benchmark.extra_info["digest"] = digest
        if self._benchmark.stats is not None:
            stats = self._benchmark.stats.stats
            self._note(Figures(stats.min * 1e6, stats.median * 1e6, stats.rounds, digest))


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option of the small run."""
    parser.addoption("--small", action="store_true", help="repeat each bench only a few times")


def pytest_configure(config: pytest.Config) -> None:
    """Note how busy the machine was before the benches made it so."""
    config.stash[FIGURES] = {}
    config.stash[LOAD] = os.getloadavg()[0]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give the sizes of the frames to the benches that ask for them."""
    if ROWS in metafunc.fixturenames:
        small = metafunc.config.getoption("--small")
        metafunc.parametrize(ROWS, [ROWS_SMALL] if small else [ROWS_SMALL, ROWS_LARGE])


@pytest.fixture
def bench(benchmark: Benchmark, request: pytest.FixtureRequest) -> Bench:
    """Give what measures this bench."""

    def note(figures: Figures) -> None:
        name = request.node.nodeid.rpartition("/")[2]
        request.config.stash[FIGURES][name] = figures

    return Bench(benchmark, small=request.config.getoption("--small"), note=note)


def pytest_benchmark_update_json(config: pytest.Config, output_json: dict[str, Any]) -> None:
    """Add to the results what the history needs to know about the run."""
    names = ("omega-portfolio", "polars", "pyarrow")
    output_json["run"] = {
        "small": config.getoption("--small"),
        # Not every kind of machine has a brand.
        "cpu": output_json["machine_info"]["cpu"].get("brand_raw") or platform.machine(),
        "cores": os.cpu_count(),
        "load": config.stash[LOAD],
        "versions": {
            "python": platform.python_version(),
            **{name: version(name) for name in names},
        },
    }


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Print the figures of all benches with the digests, and the ratios."""
    figures = config.stash[FIGURES]
    if not figures:
        return
    mode = "small run, rough figures" if config.getoption("--small") else "full run"
    terminalreporter.section(f"benches: {mode}, load {config.stash[LOAD]:.2f} at the start")
    width = max(map(len, figures))
    heads = f"{'min us':>12}{'median us':>12}{'rounds':>8}  digest"
    terminalreporter.write_line(f"{'bench':<{width}}{heads}")
    for name, (least, median, rounds, digest) in figures.items():
        values = f"{least:>12.3f}{median:>12.3f}{rounds:>8}  {digest[:HASH_LENGTH]}"
        terminalreporter.write_line(f"{name:<{width}}{values}")
    for what, names in RATIOS.items():
        slow, fast = (figures.get(name) for name in names)
        if slow is not None and fast is not None:
            terminalreporter.write_line(
                f"{what}: {slow.min_us / fast.min_us:.1f} by minimum, "
                f"{slow.median_us / fast.median_us:.1f} by median"
            )
