"""The arguments about journals: in the order of the signature, in the same words everywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import omega_portfolio as op


class Odd:
    """A path that is none."""

    def __init__(self, given: object) -> None:
        self.given = given

    def __fspath__(self) -> Any:
        return self.given


PATHS = [5, b"run.journal", True, ["x"], object(), Odd(b"run.journal")]
TEXTS = ["", "a\0b", "\ud800", "folder/"]
NO_INTEGERS = [0, -1, True, 1.0, "1", 2**70]

BAD: list[tuple[str, dict[str, Any]]] = [
    *(("journal", {"journal": value}) for value in PATHS + TEXTS),
    *(("sync", {"journal": "j", "sync": value}) for value in (5, b"os", "OS", "", "disk", True)),
    *(("sync_interval_ms", {"journal": "j", "sync_interval_ms": v}) for v in NO_INTEGERS),
    *(("snapshot_every", {"journal": "j", "snapshot_every": v}) for v in NO_INTEGERS),
    ("sync", {"sync": "os"}),
    ("sync_interval_ms", {"sync_interval_ms": 5}),
    ("snapshot_every", {"snapshot_every": 5}),
    ("journal", {"journal": 5, "sync": 5, "snapshot_every": 0}),
    ("sync", {"journal": "j", "sync": 5, "snapshot_every": 0}),
    ("snapshot_every", {"sync": "os", "snapshot_every": 0}),
]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_constructor_names_the_argument(backend: str, here: Path) -> None:
    for argument, options in BAD:
        with pytest.raises(op.InvalidArgument) as caught:
            op.Portfolio(1000, backend=backend, **options)
        assert caught.value.argument == argument, options
    assert len(BAD) > 25
    assert list(here.iterdir()) == []


def test_both_backends_use_the_same_words() -> None:
    for _, options in BAD:
        told = []
        for name in ("rust", "python"):
            with pytest.raises(op.InvalidArgument) as caught:
                op.Portfolio(1000, backend=name, **options)
            told.append(str(caught.value))
        assert told[0] == told[1]


def test_the_other_arguments_come_first(backend: str, here: Path) -> None:
    for error, arguments in (
        (op.InvalidNumber, {"initial_balance": "x"}),
        (op.InvalidCurrency, {"initial_balance": 1, "pivot": "XYZ"}),
    ):
        with pytest.raises(error):
            op.Portfolio(**arguments, journal=5, backend=backend)
    # The rules of the account come before the file is begun.
    with pytest.raises(op.InvalidAmount):
        op.Portfolio(-1, journal="run.journal", backend=backend)
    assert list(here.iterdir()) == []


BAD_OPEN: list[tuple[type[op.OmegaPortfolioError], str, dict[str, Any]]] = [
    *((op.InvalidArgument, "path", {"path": value}) for value in PATHS + TEXTS),
    (op.InvalidArgument, "path", {"path": None}),
    (op.InvalidArgument, "sync", {"sync": "disk"}),
    (op.InvalidArgument, "sync_interval_ms", {"sync_interval_ms": 0}),
    (op.InvalidArgument, "snapshot_every", {"snapshot_every": 1.5}),
    (op.InvalidArgument, "floats", {"floats": 5}),
    (op.InvalidConfiguration, "floats", {"floats": "exact"}),
    (op.InvalidArgument, "off_grid", {"off_grid": None}),
    (op.InvalidConfiguration, "off_grid", {"off_grid": "up"}),
    (op.InvalidArgument, "capacity", {"capacity": -1}),
    (op.InvalidArgument, "capacity", {"capacity": "5"}),
    (op.InvalidArgument, "salvage", {"salvage": 1}),
    (op.InvalidArgument, "read_only", {"read_only": None}),
    (op.InvalidArgument, "read_only", {"read_only": True, "salvage": True}),
    (op.InvalidArgument, "read_only", {"read_only": True, "sync": "os"}),
    (op.InvalidArgument, "read_only", {"read_only": True, "sync_interval_ms": 5}),
    (op.InvalidArgument, "read_only", {"read_only": True, "snapshot_every": 5}),
    (op.InvalidArgument, "path", {"path": 5, "sync": 5}),
]


def test_an_opening_names_the_argument(backend: str) -> None:
    op.Portfolio(1000, journal="run.journal", backend=backend).close()
    for error, argument, options in BAD_OPEN:
        with pytest.raises(error) as caught:
            op.open_journal(**{"path": "run.journal", "backend": backend, **options})
        assert caught.value.argument == argument, options
    for value in PATHS + TEXTS:
        with pytest.raises(op.InvalidArgument) as caught:
            op.inspect_journal(value, backend=backend)
        assert caught.value.argument == "path"
    for call in (op.open_journal, op.inspect_journal):
        with pytest.raises(op.InvalidConfiguration):
            call("run.journal", backend="other")
    op.open_journal("run.journal", capacity=1000, backend=backend).verify()


def test_every_kind_of_path_is_taken(backend: str, here: Path) -> None:
    for number, path in enumerate(("a.journal", Path("b.journal"), here / "ü.journal", Odd("d"))):
        with op.Portfolio(1000, journal=path, backend=backend) as portfolio:
            portfolio.deposit(number + 1, 1)
            status = portfolio.journal
        assert Path(status.path).is_absolute()
        assert op.inspect_journal(path, backend=backend).path == status.path
        with op.open_journal(path, backend=backend) as again:
            assert again.balance == 1001 + number
    assert sorted(entry.name for entry in here.iterdir()) == [
        "a.journal", "b.journal", "d", "ü.journal",
    ]  # fmt: skip


def test_a_journal_stays_where_it_is_when_the_folder_changes(
    backend: str, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    portfolio = op.Portfolio(1000, journal="run.journal", backend=backend)
    (here / "other").mkdir()
    monkeypatch.chdir(here / "other")
    portfolio.deposit(1, 1)
    portfolio.snapshot()
    portfolio.close()
    assert list((here / "other").iterdir()) == []
    assert op.inspect_journal(here / "run.journal", backend=backend).events == 1


def test_missing_files(backend: str, here: Path) -> None:
    for call in (op.open_journal, op.inspect_journal):
        with pytest.raises(op.JournalNotFound) as caught:
            call("none.journal", backend=backend)
        assert caught.value.argument == "journal"
        whole = op.JournalNotFound("journal", str(here / "none.journal"), "", "").value
        assert caught.value.value in (whole, str(here / "none.journal"), "none.journal")
