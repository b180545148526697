"""The history of the benches, on made-up runs and records."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

TOOLS = Path(__file__).parent.parent / "tools"
DATE = datetime(2026, 3, 1, 12, 0, 30, 250_000, tzinfo=timezone.utc)

Figures = dict[str, tuple[float, float, str]]
"""Name of a bench to its minimum and median in microseconds and its digest."""

BEFORE: Figures = {
    "bench_calls.py::test_open[positional]": (0.5, 0.6, "a" * 64),
    "bench_calls.py::test_close": (0.4, 0.5, "b" * 64),
    "bench_handover.py::test_curve[1000]": (10.0, 12.0, "c" * 64),
}


def changed(factors: dict[str, tuple[float, float]]) -> Figures:
    """Give BEFORE with the minimum and the median of some tests multiplied."""
    figures = dict(BEFORE)
    for part, (low, median) in factors.items():
        [name] = [name for name in BEFORE if part in name]
        figures[name] = (BEFORE[name][0] * low, BEFORE[name][1] * median, BEFORE[name][2])
    return figures


def run_of(figures: Figures, day: int = 0) -> dict[str, object]:
    """Give what pytest-benchmark writes, as far as it is read."""
    return {
        "machine_info": {"cpu": {"brand_raw": "unused"}},
        "datetime": (DATE + timedelta(days=day)).isoformat(),
        "benchmarks": [
            {
                "fullname": f"benches/{name}",
                "stats": {"min": low / 1e6, "median": median / 1e6, "rounds": 200, "max": 1},
                "extra_info": {"digest": digest},
            }
            for name, (low, median, digest) in figures.items()
        ],
        "run": {
            "small": False,
            "cpu": "Some CPU",
            "cores": 2,
            "load": 0.123,
            "versions": {
                "omega-portfolio": "0.1.0",
                "python": "3.11.7",
                "polars": "2.1.0",
                "pyarrow": "26.0.1",
            },
        },
    }


class History:
    """The tool on a folder of its own."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self.records = folder / "record"
        self._capsys = capsys

    def write(self, run: dict[str, object]) -> Path:
        path = self.folder / "run.json"
        path.write_text(json.dumps(run), encoding="utf-8")
        return path

    def call(self, *arguments: object) -> tuple[int, str]:
        """Call the tool; give its exit code and what it printed."""
        from benchmark_history import main

        code = main(["--record", str(self.records), *map(str, arguments)])
        captured = self._capsys.readouterr()
        assert bool(captured.err) == (code == 2)
        return code, captured.out + captured.err

    def file(self, figures: Figures, day: int) -> Path:
        code, printed = self.call("file", self.write(run_of(figures, day)))
        assert code == 0, printed
        return max(self.records.glob("*.json"), key=lambda path: path.stat().st_mtime_ns)

    def report(self, figures: Figures, day: int = 9) -> tuple[int, str]:
        return self.call("report", self.write(run_of(figures, day)), "--fail")


@pytest.fixture
def history(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> History:
    monkeypatch.syspath_prepend(str(TOOLS))
    return History(tmp_path, capsys)


def regressions(printed: str) -> list[str]:
    return [line for line in printed.splitlines() if line.startswith("regression: ")]


def test_a_record_is_small_and_complete(history: History) -> None:
    path = history.write(run_of(BEFORE))
    assert history.call("file", path, "--note", "quiet")[0] == 0
    [record] = history.records.iterdir()
    assert record.name == "2026-03-01T1200Z.json"
    text = record.read_text(encoding="utf-8")
    assert str(history.folder) not in text
    assert json.loads(text) == {
        "format": 1,
        "date": "2026-03-01T12:00:30+00:00",
        "machine": {"cpu": "Some CPU", "cores": 2, "load": 0.12},
        "versions": {
            "omega-portfolio": "0.1.0",
            "python": "3.11.7",
            "polars": "2.1.0",
            "pyarrow": "26.0.1",
        },
        "note": "quiet",
        "benches": {
            name: {"min_us": low, "median_us": median, "rounds": 200, "hash": digest[:16]}
            for name, (low, median, digest) in BEFORE.items()
        },
    }


def test_a_run_is_filed_once(history: History) -> None:
    record = history.file(BEFORE, 0)
    before = record.read_bytes()
    code, printed = history.call("file", history.write(run_of(changed({"open": (2, 2)}))))
    assert code == 2
    assert "filed already" in printed
    assert record.read_bytes() == before


def test_the_list_is_in_the_order_of_time(history: History) -> None:
    history.file(BEFORE, 5)
    history.file(BEFORE, 1)
    code, printed = history.call("list")
    assert code == 0
    lines = printed.splitlines()
    assert [line[:10] for line in lines[:2]] == ["2026-03-02", "2026-03-06"]
    assert "Some CPU, 2 cores, load 0.12; omega-portfolio 0.1.0, python 3.11.7" in lines[0]
    assert lines[0].endswith("3 benches")
    assert lines[2].startswith("2 records in ")


def test_a_regression_from_the_last_record_is_named(history: History) -> None:
    history.file(BEFORE, 0)
    slower = changed({"open": (1.11, 1.12)})
    code, printed = history.report(slower)
    assert code == 1
    [line] = regressions(printed)
    assert "test_open[positional], slower than the last record and the best record" in line
    assert "3 of 3 benches compared; regressions: 1" in printed
    assert "minimum and median are both more than 10%" in printed
    assert "1.11    1.12" in printed
    # Without --fail the same is said, and the exit code is 0.
    code, again = history.call("report", history.write(run_of(slower, 9)))
    assert (code, again) == (0, printed)


@pytest.mark.parametrize(
    "factors", [(1.5, 1.0), (1.0, 1.5), (1.09, 1.09), (1.09, 3.0), (3.0, 1.09), (0.5, 0.5)]
)
def test_noise_is_no_regression(history: History, factors: tuple[float, float]) -> None:
    low, median = factors
    # A minimum above the median is impossible, so the median starts far above it here.
    figures = {"bench_calls.py::test_open": (1.0, 5.0, "a" * 64)}
    history.file(figures, 0)
    now = {"bench_calls.py::test_open": (1.0 * low, 5.0 * median, "a" * 64)}
    code, printed = history.report(now)
    assert (code, regressions(printed)) == (0, []), printed


def test_slow_decay_is_found_against_the_best_record(history: History) -> None:
    history.file(changed({"close": (1.00, 1.00)}), 0)
    history.file(changed({"close": (1.08, 1.08)}), 1)
    code, printed = history.report(changed({"close": (1.15, 1.15)}))
    assert code == 1
    [line] = regressions(printed)
    assert line == "regression: bench_calls.py::test_close, slower than the best record"


def test_new_and_missing_benches_are_named(history: History) -> None:
    history.file(BEFORE, 0)
    figures = dict(BEFORE)
    del figures["bench_calls.py::test_close"]
    figures["bench_metrics.py::test_metrics"] = (1.0, 2.0, "d" * 64)
    code, printed = history.report(figures)
    assert code == 0
    assert "new, not in the last record: bench_metrics.py::test_metrics\n" in printed
    assert "missing in this run: bench_calls.py::test_close\n" in printed
    assert "2 of 3 benches compared; regressions: 0" in printed


def test_other_work_is_named_and_not_compared(history: History) -> None:
    history.file(BEFORE, 0)
    figures = changed({"open": (9, 9)})
    name = "bench_calls.py::test_open[positional]"
    figures[name] = (*figures[name][:2], "e" * 64)
    code, printed = history.report(figures)
    assert code == 0
    assert f"other hash than in the last record, so not compared with it: {name}\n" in printed
    assert "2 of 3 benches compared" in printed


def test_a_filed_record_is_compared_with_the_older_ones(history: History) -> None:
    history.file(BEFORE, 0)
    second = history.file(changed({"curve": (1.3, 1.3)}), 1)
    history.file(BEFORE, 2)
    code, printed = history.call("report", second, "--fail")
    assert code == 1
    assert "1 earlier records" in printed
    assert "last: 2026-03-01" in printed


def test_a_run_is_not_compared_with_its_own_record(history: History) -> None:
    history.file(BEFORE, 0)
    code, printed = history.report(BEFORE, day=0)
    assert code == 2
    assert "0 of 3 benches compared" in printed
    assert "no earlier record of this kind of machine" in printed


def test_another_machine_is_no_measure(history: History) -> None:
    history.file(BEFORE, 0)
    run = run_of(changed({"open": (5, 5)}), 9)
    run["run"]["cores"] = 64
    path = history.write(run)
    code, printed = history.call("report", path)
    assert code == 0
    assert "0 earlier records" in printed
    assert regressions(printed) == []
    assert history.call("report", path, "--fail")[0] == 2


Damage = Callable[[dict[str, object]], object]


def _damage(path: str, value: object) -> Damage:
    def damage(source: dict[str, object]) -> None:
        *parents, last = path.split("/")
        inner: object = source
        for key in parents:
            inner = inner[int(key) if isinstance(inner, list) else key]
        if value is ...:
            del inner[last]
        else:
            inner[last] = value

    return damage


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (_damage("format", 2), "its format is 2"),
        (_damage("date", "yesterday"), "'yesterday' is no date"),
        (_damage("date", "2026-03-01T12:00:00"), "the date '2026-03-01T12:00:00' has no zone"),
        (_damage("machine/cores", True), "machine.cores is no int"),
        (_damage("machine/cores", 0), "0 cores"),
        (_damage("machine/load", "low"), "machine.load is no float"),
        (_damage("versions/polars", ...), "versions.polars is missing"),
        (_damage("note", None), "note is no str"),
        (_damage("benches", {}), "it holds no bench"),
        (_damage("benches", []), "benches is no dict"),
        (_damage("benches", {"x": 1}), "x is no object"),
    ],
)
def test_a_damaged_record_is_refused(history: History, damage: Damage, reason: str) -> None:
    record = history.file(BEFORE, 0)
    source = json.loads(record.read_text(encoding="utf-8"))
    damage(source)
    record.write_text(json.dumps(source), encoding="utf-8")
    run = history.write(run_of(BEFORE, 9))
    for arguments in (["report", run], ["report", record], ["list"]):
        code, printed = history.call(*arguments)
        assert code == 2
        assert f"{record}: {reason}" in printed


@pytest.mark.parametrize(
    "wrong",
    [
        {"min_us": 0},
        {"min_us": -1.0},
        {"min_us": 2.0},
        {"median_us": float("nan")},
        {"median_us": float("inf")},
        {"median_us": "0.5"},
        {"rounds": 0},
        {"rounds": 1.5},
        {"hash": ""},
    ],
)
def test_impossible_figures_are_refused(history: History, wrong: dict[str, object]) -> None:
    record = history.file(BEFORE, 0)
    source = json.loads(record.read_text(encoding="utf-8"))
    source["benches"]["bench_calls.py::test_close"].update(wrong)
    record.write_text(json.dumps(source), encoding="utf-8")
    code, printed = history.call("list")
    assert code == 2
    assert str(record) in printed


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (_damage("run/small", value=True), "--small"),
        (_damage("run", ...), "run.small is missing"),
        (_damage("benchmarks", []), "it holds no bench"),
        (_damage("benchmarks", [1]), "something that is no object"),
        (_damage("benchmarks/0/stats/min", None), "stats.min is no float"),
        (_damage("benchmarks/0/extra_info", {}), "extra_info.digest is missing"),
        (_damage("benchmarks/0/fullname", f"benches/{list(BEFORE)[1]}"), "is there twice"),
    ],
)
def test_a_damaged_run_is_refused(history: History, damage: Damage, reason: str) -> None:
    run = copy.deepcopy(run_of(BEFORE))
    damage(run)
    path = history.write(run)
    for command in ("file", "report"):
        code, printed = history.call(command, path)
        assert code == 2
        assert str(path) in printed
        assert reason in printed
    assert not list(history.records.glob("*.json"))


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'"text"', b"\xff\xfe", b"{}"])
def test_what_is_no_run_is_refused(history: History, content: bytes) -> None:
    path = history.folder / "torn.json"
    path.write_bytes(content)
    for command in ("file", "report"):
        code, printed = history.call(command, path)
        assert code == 2
        assert str(path) in printed


def test_a_missing_file_is_refused(history: History) -> None:
    code, printed = history.call("report", history.folder / "none.json")
    assert code == 2
    assert "none.json" in printed


def test_the_command_line(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    path.write_text(json.dumps(run_of(BEFORE)), encoding="utf-8")
    script = [sys.executable, str(TOOLS / "benchmark_history.py"), "--record", str(tmp_path / "r")]
    for arguments, code in ((["file", str(path)], 0), (["list"], 0), (["wrong"], 2)):
        command = [*script, *arguments]
        done = subprocess.run(command, capture_output=True, check=False)  # noqa: S603
        assert done.returncode == code, done.stderr


def test_the_filed_records_of_this_project_can_be_read(history: History) -> None:
    history.records = TOOLS.parent / "benches" / "record"
    names = list(history.records.glob("*.json"))
    assert names
    code, printed = history.call("list")
    assert code == 0
    assert f"{len(names)} records in " in printed
