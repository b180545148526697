"""Records of the Python benches: read from what pytest-benchmark wrote or from a filed record.

Whatever is read is checked as a whole. A file that is damaged, or that is of something else, is
refused with its name and the reason.
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Final, TypeAlias, TypeVar

if TYPE_CHECKING:
    from pathlib import Path

    Json: TypeAlias = dict[str, object]

FORMAT: Final = 1
"""Version of the format of records."""

VERSIONS: Final = ("omega-portfolio", "python", "polars", "pyarrow")
"""Packages whose versions a record holds."""

HASH_LENGTH: Final = 16
"""So many digits of a digest are kept."""

Value = TypeVar("Value")


class HistoryError(Exception):
    """A file that is not what it should be; the text says which one and why."""


@dataclass(frozen=True)
class Figures:
    """What one bench gave.

    Attributes
    ----------
    min_us, median_us : float
        Microseconds of one call.
    rounds : int
        Number of measurements.
    hash : str
        Digest of the portfolio, shortened: equal for equal work.
    """

    min_us: float
    median_us: float
    rounds: int
    hash: str


@dataclass(frozen=True)
class Record:
    """One run of all benches.

    Attributes
    ----------
    date : datetime
        End of the run, UTC.
    cpu : str
        Model of the processor.
    cores : int
        Number of cores.
    load : float
        Load average of the machine at the start of the run.
    versions : dict
        Package to version.
    benches : dict
        Name of the bench to its figures.
    note : str
        What a reader should know about the run.
    """

    date: datetime
    cpu: str
    cores: int
    load: float
    versions: dict[str, str]
    benches: dict[str, Figures]
    note: str = ""

    @property
    def machine(self) -> tuple[str, int]:
        """What two runs must share to be compared."""
        return self.cpu, self.cores


def field(source: Json, path: str, kind: type[Value]) -> Value:
    """Read a value out of nested JSON objects.

    Parameters
    ----------
    source : dict
        The outermost object.
    path : str
        Keys, separated by points.
    kind : type
        What the value must be; an int is taken where a float is asked for.

    Returns
    -------
    object
        Of that type.

    Raises
    ------
    HistoryError
        It is missing or has another type.
    """
    value: object = source
    for key in path.split("."):
        if not isinstance(value, dict) or key not in value:
            raise HistoryError(f"{path} is missing")
        value = value[key]
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise HistoryError(f"{path} is no {kind.__name__}")
    return value


def instant(text: str) -> datetime:
    """Read a date with a zone and give it in UTC."""
    try:
        date = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError as error:
        raise HistoryError(f"{text!r} is no date") from error
    if date.tzinfo is None:
        raise HistoryError(f"the date {text!r} has no zone")
    return date.astimezone(timezone.utc)


def checked(record: Record) -> Record:
    """Return a record whose values can be compared.

    Raises
    ------
    HistoryError
        A value is impossible, or there are no benches.
    """
    if not record.benches:
        raise HistoryError("it holds no bench")
    if record.cores < 1:
        raise HistoryError(f"{record.cores} cores")
    for name, figures in record.benches.items():
        low, median = figures.min_us, figures.median_us
        if not (math.isfinite(median) and 0 < low <= median and figures.rounds >= 1):
            raise HistoryError(f"{name}: impossible figures {figures}")
        if not figures.hash:
            raise HistoryError(f"{name}: no hash")
    return record


def from_run(source: Json) -> Record:
    """Read what pytest-benchmark wrote.

    Raises
    ------
    HistoryError
        It is damaged, of other benches, or of a small run.
    """
    if field(source, "run.small", bool):
        raise HistoryError("it is of a run with --small, whose figures are too rough to compare")
    benches = {}
    for bench in field(source, "benchmarks", list):
        if not isinstance(bench, dict):
            raise HistoryError("benchmarks holds something that is no object")
        # The folder of the benches is where pytest was started from; it is no part of the name.
        name = field(bench, "fullname", str)
        file, separator, test = name.partition("::")
        name = file.rpartition("/")[2] + separator + test
        if name in benches:
            raise HistoryError(f"{name} is there twice")
        benches[name] = Figures(
            min_us=round(field(bench, "stats.min", float) * 1e6, 4),
            median_us=round(field(bench, "stats.median", float) * 1e6, 4),
            rounds=field(bench, "stats.rounds", int),
            hash=field(bench, "extra_info.digest", str)[:HASH_LENGTH],
        )
    return Record(
        # Whole seconds, as in a record: a run that is filed is as old as its record.
        date=instant(field(source, "datetime", str)).replace(microsecond=0),
        cpu=field(source, "run.cpu", str),
        cores=field(source, "run.cores", int),
        load=round(field(source, "run.load", float), 2),
        versions={name: field(source, f"run.versions.{name}", str) for name in VERSIONS},
        benches=benches,
    )


def from_record(source: Json) -> Record:
    """Read what :func:`to_json` wrote.

    Raises
    ------
    HistoryError
        It is damaged.
    """
    if field(source, "format", int) != FORMAT:
        raise HistoryError(f"its format is {source['format']}; this tool reads {FORMAT}")
    benches = {}
    for name, figures in field(source, "benches", dict).items():
        if not isinstance(figures, dict):
            raise HistoryError(f"{name} is no object")
        benches[name] = Figures(
            min_us=field(figures, "min_us", float),
            median_us=field(figures, "median_us", float),
            rounds=field(figures, "rounds", int),
            hash=field(figures, "hash", str),
        )
    return Record(
        date=instant(field(source, "date", str)),
        cpu=field(source, "machine.cpu", str),
        cores=field(source, "machine.cores", int),
        load=field(source, "machine.load", float),
        versions={name: field(source, f"versions.{name}", str) for name in VERSIONS},
        benches=benches,
        note=field(source, "note", str),
    )


def read(path: Path) -> Record:
    """Read a run or a record.

    Raises
    ------
    HistoryError
        The file cannot be read or is neither.
    """
    try:
        source = json.loads(path.read_bytes())
        if not isinstance(source, dict):
            raise HistoryError("it is no JSON object")
        return checked(from_run(source) if "benchmarks" in source else from_record(source))
    except (OSError, ValueError, HistoryError) as error:
        raise HistoryError(f"{path}: {error}") from error


def read_history(folder: Path) -> list[Record]:
    """Read all records, oldest first."""
    return sorted(map(read, folder.glob("*.json")), key=lambda record: record.date)


def to_json(record: Record) -> str:
    """Write a record as the text of its file, one line for each bench."""
    benches = ",\n".join(
        f"    {json.dumps(name)}: {json.dumps(asdict(figures))}"
        for name, figures in record.benches.items()
    )
    head = {
        "format": FORMAT,
        "date": record.date.isoformat(timespec="seconds"),
        "machine": {"cpu": record.cpu, "cores": record.cores, "load": record.load},
        "versions": record.versions,
        "note": record.note,
    }
    lines = [f"  {json.dumps(key)}: {json.dumps(value)}" for key, value in head.items()]
    return "{\n" + ",\n".join([*lines, f'  "benches": {{\n{benches}\n  }}']) + "\n}\n"
