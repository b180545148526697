"""Places where a journal cannot be, or must not grow, and what lies beside one (SPEC J5, J10)."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

import omega_portfolio as op
from conftest import _chosen_backends
from interpreter import run_python
from journals import fingerprint, lived

BACKENDS = _chosen_backends()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run.journal"


LIMITED = """
import resource, signal, sys
import omega_portfolio as op
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (4000, 4000))
backend, path, sync = {arguments!r}
portfolio = op.Portfolio(1000, journal=path, sync=sync, backend=backend)
events = 0
try:
    while True:
        portfolio.deposit(1, events)
        events += 1
except op.DurabilityError as error:
    assert error.argument == "journal"
assert portfolio.events == events
portfolio.verify()
try:
    portfolio.deposit(1, events)
except op.DurabilityError as error:
    assert "read-only" in error.rule
portfolio.close()
print(events, portfolio.digest)
"""


@pytest.mark.skipif(os.name != "posix", reason="a system without limits of files")
@pytest.mark.parametrize("sync", ["os", "always"])
def test_a_file_that_may_not_grow(backend: str, path: Path, sync: str) -> None:
    (line,) = run_python(LIMITED.format(arguments=(backend, str(path), sync)))
    events, digest = line.split()
    assert int(events) > 50
    with op.open_journal(path, backend=backend) as again:
        assert (again.events, again.digest) == (int(events), digest)
        assert again.recovery.verdict == "clean"


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="a system without such folders")
def test_a_folder_that_may_not_be_written(backend: str, path: Path) -> None:
    folder = path.parent / "folder"
    folder.mkdir()
    journal = folder / "run.journal"
    lived(journal, backend).close()
    before = fingerprint(folder)
    folder.chmod(0o555)
    journal.chmod(0o444)
    try:
        if os.access(folder, os.W_OK):
            pytest.skip("this user may write everywhere")
        with pytest.raises(op.DurabilityError):
            op.Portfolio(1, journal=folder / "new.journal", backend=backend)
        with pytest.raises(op.DurabilityError):
            op.open_journal(journal, backend=backend)
        op.open_journal(journal, read_only=True, backend=backend).verify()
        assert op.inspect_journal(journal, backend=backend).verdict == "clean"
    finally:
        folder.chmod(0o755)
    assert fingerprint(folder) == before


def test_places_where_no_journal_can_be(backend: str, path: Path) -> None:
    file = path.parent / "file"
    file.write_bytes(b"")
    for place in (path.parent / "missing" / "run.journal", file / "run.journal"):
        with pytest.raises(op.DurabilityError) as caught:
            op.Portfolio(1, journal=place, backend=backend)
        assert caught.value.argument == "journal"
        for call in (op.open_journal, op.inspect_journal):
            with pytest.raises(op.JournalNotFound):
                call(place, backend=backend)
    for place in (file, path.parent):
        with pytest.raises(op.JournalExists):
            op.Portfolio(1, journal=place, backend=backend)
    for call in (op.open_journal, op.inspect_journal):
        with pytest.raises(op.JournalNotFound):
            call(path.parent, backend=backend)
    os.mkfifo(path.parent / "pipe")
    for call in (op.open_journal, op.inspect_journal):
        with pytest.raises(op.JournalNotFound, match="is no file"):
            call(path.parent / "pipe", backend=backend)
    assert sorted(entry.name for entry in path.parent.iterdir()) == ["file", "pipe"]


def test_a_new_journal_replaces_nothing(backend: str, path: Path) -> None:
    lived(path, backend, snapshot_every=11).close()
    before = fingerprint(path.parent)
    with pytest.raises(op.JournalExists):
        op.Portfolio(1, journal=path, backend=backend)
    assert fingerprint(path.parent) == before
    path.unlink()
    with pytest.raises(op.JournalExists, match="snapshot"):
        op.Portfolio(1, journal=path, backend=backend)


def test_what_a_crash_left_of_other_files_is_removed(backend: str, path: Path) -> None:
    lived(path, backend).close()
    left = path.with_name(".run.journal.tmp-0123")
    other = path.with_name(".other.journal.tmp-0123")
    for entry in (left, other):
        entry.write_bytes(b"half")
    op.inspect_journal(path, backend=backend)
    assert left.exists()
    op.open_journal(path, backend=backend).close()
    assert not left.exists()
    assert other.exists()


def test_a_folder_that_knows_no_second_names(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "link", refused)
    lived(path, "python").close()
    assert op.inspect_journal(path, backend=BACKENDS[0]).verdict == "clean"
    with pytest.raises(op.JournalExists):
        op.Portfolio(1, journal=path, backend="python")


def test_an_old_snapshot_may_be_tidied_up(backend: str, path: Path) -> None:
    with op.Portfolio(1000, journal=path, backend=backend) as portfolio:
        for number in range(4):
            portfolio.deposit(1, number)
            snapshot = Path(portfolio.snapshot())
            if number == 1:
                snapshot.with_name("run.journal.snapshot-1").unlink()
        portfolio.deposit(1, 9)
        assert not portfolio.journal.read_only
    names = sorted(entry.name for entry in path.parent.iterdir())
    assert names == ["run.journal", "run.journal.snapshot-3", "run.journal.snapshot-4"]
    assert op.inspect_journal(path, backend=backend).verdict == "clean"


def test_a_snapshot_of_mode_off_is_named_in_the_file(backend: str, path: Path) -> None:
    portfolio = op.Portfolio(1000, journal=path, sync="off", backend=backend)
    portfolio.deposit(1, 1)
    portfolio.snapshot()
    assert b"run.journal.snapshot-1" in path.read_bytes()
    portfolio.close()


def test_closed_is_asked_before_the_code_of_a_currency(backend: str) -> None:
    portfolio = op.Portfolio(1000, backend=backend)
    portfolio.deposit(1, 5)
    portfolio.close()
    for time in (1, 6):
        with pytest.raises(op.PortfolioClosed):
            portfolio.deposit(1, time, currency="XXQ")


def test_a_long_path_shows_its_end(backend: str, tmp_path: Path) -> None:
    deep = tmp_path / ("folder-of-a-day/" * 8)
    deep.mkdir(parents=True)
    there, missing = deep / "there.journal", deep / "missing.journal"
    op.Portfolio(1000, journal=there, backend=backend).close()
    with pytest.raises(op.JournalNotFound) as absent:
        op.open_journal(missing, backend=backend)
    with pytest.raises(op.JournalExists) as taken:
        op.Portfolio(1000, journal=there, backend=backend)
    there.write_bytes(b"no journal at all, and longer than a header is" * 3)
    with pytest.raises(op.JournalCorrupt) as damaged:
        op.open_journal(there, backend=backend)
    told = [caught.value.value for caught in (absent, taken, damaged)]
    assert told == ["…" + str(missing)[-79:], "…" + str(there)[-79:], "…" + str(there)[-79:]]


def test_a_long_folder_of_a_batch_shows_its_end(tmp_path: Path) -> None:
    deep = tmp_path / ("folder-of-a-day/" * 8) / "empty"
    with pytest.raises(op.InvalidArgument) as caught:
        op.BatchResult.open(deep)
    assert caught.value.value == "…" + str(deep)[-79:]
