"""File the results of the Python benches, and compare a run with what was filed.

Usage::

    python tools/benchmark_history.py file target/bench.json --note "quiet machine"
    python tools/benchmark_history.py report target/bench.json --fail
    python tools/benchmark_history.py list

``target/bench.json`` is what ``make bench`` writes. A record is a small JSON file under
``benches/record/``: when, on which machine, with which versions, and for each bench the minimum
and the median in microseconds, the rounds and the digest of the portfolio that it left behind.

A run is compared with the records that are older than it and were made on the same kind of machine
(processor and number of cores): with the last of them, and for each bench with the one that has
the lowest median. Figures are compared only where the digests are equal, because another digest
means other work. A bench counts as a regression when both its minimum and its median are more than
10 % above those of the last or of the best record; one of the two alone is taken as noise.

Exit codes: 0 done, 1 a regression with ``--fail``, 2 a file that cannot be read, or nothing to
compare with ``--fail``.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from benchmark_records import VERSIONS, Figures, HistoryError, Record, read, read_history, to_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

RECORD_FOLDER: Final = Path(__file__).resolve().parent.parent / "benches" / "record"
LIMIT: Final = 1.10
"""A ratio above this, of the minimum and of the median, is a regression."""


@dataclass(frozen=True)
class Comparison:
    """One bench of a run next to the history; None where there is nothing to compare with.

    Attributes
    ----------
    name : str
        Name of the bench.
    now : Figures
        Its figures in the run.
    last, best : Figures or None
        Its figures in the last record, and in the record with the lowest median.
    """

    name: str
    now: Figures
    last: Figures | None
    best: Figures | None

    def slower_than(self) -> list[str]:
        """Say what it is a regression from.

        Returns
        -------
        list of str
            Some of "last" and "best".
        """
        pairs = (("last", self.last), ("best", self.best))
        return [which for which, then in pairs if then and min(ratios(self.now, then)) > LIMIT]


def ratios(now: Figures, then: Figures) -> tuple[float, float]:
    """Divide minimum by minimum and median by median; above 1 is slower."""
    return now.min_us / then.min_us, now.median_us / then.median_us


def compare(run: Record, history: Sequence[Record]) -> list[Comparison]:
    """Set every bench of a run next to the history.

    Parameters
    ----------
    run : Record
        The run.
    history : sequence of Record
        Oldest first.

    Returns
    -------
    list of Comparison
        In the order of the run.
    """
    found = []
    for name, now in run.benches.items():
        past = [
            (record, then)
            for record in history
            if (then := record.benches.get(name)) is not None and then.hash == now.hash
        ]
        last = next((then for record, then in past if record is history[-1]), None)
        best = min((then for _, then in past), key=lambda then: then.median_us, default=None)
        found.append(Comparison(name, now, last, best))
    return found


def head_of(record: Record) -> str:
    """Describe a record in one line."""
    versions = ", ".join(f"{name} {record.versions[name]}" for name in VERSIONS)
    note = f"; {record.note}" if record.note else ""
    return (
        f"{record.date:%Y-%m-%d %H:%M} UTC, {record.cpu}, {record.cores} cores, "
        f"load {record.load:.2f}; {versions}{note}"
    )


def table_of(comparisons: Sequence[Comparison]) -> list[str]:
    """Write the figures and the ratios."""
    width = max(len(each.name) for each in comparisons)
    groups = f"{'this run, us':>26}{'/ last record':>18}{'/ best record':>18}"
    columns = f"{'min':>13}{'median':>13}" + f"{'min':>10}{'median':>8}" * 2
    lines = [f"{'':<{width}}{groups}", f"{'bench':<{width}}{columns}"]
    for each in comparisons:
        cells = f"{each.now.min_us:>13.3f}{each.now.median_us:>13.3f}"
        for then in (each.last, each.best):
            if then is None:
                cells += f"{'-':>10}{'-':>8}"
            else:
                low, median = ratios(each.now, then)
                cells += f"{low:>10.2f}{median:>8.2f}"
        slower = " and ".join(each.slower_than())
        lines.append(f"{each.name:<{width}}{cells}{f'  slower than {slower}' if slower else ''}")
    return lines


def differences(run: Record, last: Record) -> list[str]:
    """Name the benches that only one of two records has, and those with other results."""
    kinds = {
        "new, not in the last record": [n for n in run.benches if n not in last.benches],
        "missing in this run": [n for n in last.benches if n not in run.benches],
        "other hash than in the last record, so not compared with it": [
            n
            for n, now in run.benches.items()
            if n in last.benches and last.benches[n].hash != now.hash
        ],
    }
    return [f"{kind}: {', '.join(names)}" for kind, names in kinds.items() if names]


def report(run: Record, history: Sequence[Record]) -> tuple[list[str], int, int]:
    """Compare a run with the history.

    Parameters
    ----------
    run : Record
        The run.
    history : sequence of Record
        All records, oldest first.

    Returns
    -------
    list of str
        Lines to print.
    int
        Number of benches that were compared.
    int
        Number of regressions.
    """
    earlier = [each for each in history if each.date < run.date and each.machine == run.machine]
    comparisons = compare(run, earlier)
    lines = [f"run:  {head_of(run)}"]
    if earlier:
        lines.append(f"last: {head_of(earlier[-1])}")
    lines += [f"{len(earlier)} earlier records of this kind of machine", ""]
    lines += [*table_of(comparisons), ""]
    if earlier:
        lines += differences(run, earlier[-1])
    slower = [each for each in comparisons if each.slower_than()]
    compared = sum(each.best is not None for each in comparisons)
    lines += [
        f"{compared} of {len(comparisons)} benches compared; regressions: {len(slower)}",
        "A ratio is this run / record: above 1 is slower.",
        "A regression is a bench whose minimum and median are both more than "
        f"{LIMIT - 1:.0%} above the last or the best record; one alone is taken as noise.",
    ]
    lines += [f"regression: {each.name}, slower than {_which(each)}" for each in slower]
    return lines, compared, len(slower)


def _which(comparison: Comparison) -> str:
    return " and ".join(f"the {which} record" for which in comparison.slower_than())


def put(lines: Iterable[str]) -> None:
    """Print lines."""
    for line in lines:
        print(line)


def run_file(path: Path, folder: Path, note: str) -> int:
    """File a run."""
    record = read(path)
    if note:
        record = replace(record, note=note)
    target = folder / f"{record.date:%Y-%m-%dT%H%M}Z.json"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with target.open("x", encoding="utf-8") as file:
            file.write(to_json(record))
    except FileExistsError as error:
        raise HistoryError(f"{target}: a run of this minute is filed already") from error
    put([f"filed {len(record.benches)} benches as {target}"])
    return 0


def run_report(path: Path, folder: Path, *, fail: bool) -> int:
    """Print the comparison of a run or record with the history."""
    lines, compared, slower = report(read(path), read_history(folder))
    put(lines)
    if fail and compared == 0:
        raise HistoryError(f"{path}: no earlier record of this kind of machine to compare with")
    return int(fail and slower > 0)


def run_list(folder: Path) -> int:
    """Print all records."""
    records = read_history(folder)
    put(f"{head_of(record)}; {len(record.benches)} benches" for record in records)
    put([f"{len(records)} records in {folder}"])
    return 0


def parser() -> argparse.ArgumentParser:
    """Build the parser of the command line."""
    main_parser = argparse.ArgumentParser(description="History of the Python benches.")
    main_parser.add_argument(
        "--record", type=Path, default=RECORD_FOLDER, metavar="FOLDER", help="where records are"
    )
    commands = main_parser.add_subparsers(dest="command", required=True)
    filing = commands.add_parser("file", help="file a run as a record")
    filing.add_argument("path", type=Path, metavar="JSON", help="what `make bench` wrote")
    filing.add_argument("--note", default="", help="what a reader should know about the run")
    reporting = commands.add_parser("report", help="compare a run or a record with older records")
    reporting.add_argument("path", type=Path, metavar="FILE", help="a run or a record")
    reporting.add_argument("--fail", action="store_true", help="exit with 1 on a regression")
    commands.add_parser("list", help="list all records")
    return main_parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Parameters
    ----------
    arguments : sequence of str, optional
        Those of the process unless given.

    Returns
    -------
    int
        Exit code.
    """
    options = parser().parse_args(arguments)
    try:
        if options.command == "file":
            return run_file(options.path, options.record, options.note)
        if options.command == "report":
            return run_report(options.path, options.record, fail=options.fail)
        return run_list(options.record)
    except HistoryError as error:
        print(f"benchmark_history: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
