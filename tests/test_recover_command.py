"""The command that says what is in a journal and mends it: every verdict, every exit code."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

import omega_portfolio as op
from omega_portfolio.backend import backend_class
from omega_portfolio.cli import main
from stored_files import flipped, frames_of, newer_journal, trade, written

Recover = Callable[..., tuple[int, dict]]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run.journal"


@pytest.fixture
def recover(path: Path, backend: str, capsys: pytest.CaptureFixture[str]) -> Recover:
    """Run the command on the backend under test; give its code and its one document."""

    def call(*options: str) -> tuple[int, dict]:
        code = main(["recover", str(path), "--json", "--backend", backend, *options])
        captured = capsys.readouterr()
        assert captured.err == ""
        return code, json.loads(captured.out)

    return call


@pytest.fixture
def refused(path: Path, backend: str, capsys: pytest.CaptureFixture[str]) -> Callable[..., int]:
    """Run a command that gives no document; give its code and the line on stderr."""

    def call(*options: str) -> tuple[int, str]:
        code = main(["recover", str(path), "--json", "--backend", backend, *options])
        captured = capsys.readouterr()
        assert captured.out == ""
        assert captured.err.startswith("omega-portfolio: [")
        assert captured.err.count("\n") == 1
        return code, captured.err

    return call


def test_a_clean_journal_is_left_as_it_is(path: Path, backend: str, recover: Recover) -> None:
    portfolio = written(path, backend)
    before = path.read_bytes()
    code, document = recover()
    assert code == 0
    assert path.read_bytes() == before
    assert [each.name for each in path.parent.iterdir()] == [path.name]
    assert (document["command"], document["outcome"]) == ("recover", "untouched")
    assert document["backend"] == backend
    found, restored = document["found"], document["restored"]
    assert (found["verdict"], found["reason"], found["dropped_bytes"]) == ("clean", "", 0)
    assert (found["events"], found["closed"], found["snapshots"]) == (portfolio.events, True, [])
    assert found["digest"] == restored["digest"] == portfolio.digest
    assert restored["events"] == portfolio.events
    assert restored["time"] == portfolio.time.isoformat()
    assert restored["balance"] == format(portfolio.balance, "f")
    assert restored["equity"] == format(portfolio.equity, "f")
    assert restored["open_positions"] == 1
    assert document["verified"] is True
    assert document["next"] == [
        f"omega_portfolio.open_journal({str(path)!r}) goes on after event {portfolio.events}"
    ]


def test_a_torn_journal_is_mended(path: Path, backend: str, recover: Recover) -> None:
    portfolio = written(path, backend, closed=False)
    data = path.read_bytes()
    begin, end = frames_of(data)[-1]
    path.write_bytes(data[: end - 3])
    code, document = recover()
    assert (code, document["outcome"]) == (0, "mended")
    found = document["found"]
    assert (found["verdict"], found["good_length"]) == ("torn", begin)
    assert (found["length"], found["dropped_bytes"]) == (end - 3, end - 3 - begin)
    assert found["reason"]
    assert document["restored"]["events"] == found["events"] == portfolio.events - 1
    assert "goes on after event" in document["next"][0]
    assert "your own records" in document["next"][1]
    assert path.read_bytes()[:begin] == data[:begin]
    code, again = recover()
    assert (code, again["outcome"]) == (0, "untouched")
    assert again["restored"] == document["restored"]
    with op.open_journal(path, backend=backend) as gone_on:
        trade(gone_on, 3, first=50)
    code, later = recover()
    assert (code, later["restored"]["events"]) == (0, gone_on.events)


def test_a_journal_without_a_close_is_clean(path: Path, backend: str, recover: Recover) -> None:
    portfolio = written(path, backend, closed=False)
    code, document = recover()
    assert (code, document["outcome"], document["found"]["closed"]) == (0, "untouched", False)
    assert document["restored"]["digest"] == portfolio.digest


def test_a_damaged_snapshot_is_told_and_does_no_harm(
    path: Path, backend: str, recover: Recover
) -> None:
    with op.Portfolio("10000", backend=backend, journal=path) as portfolio:
        trade(portfolio, 5)
        snapshot = Path(portfolio.snapshot())
    snapshot.write_bytes(flipped(snapshot.read_bytes(), 100))
    code, document = recover()
    assert (code, document["outcome"]) == (0, "untouched")
    (found,) = document["found"]["snapshots"]
    assert (found["name"], found["good"]) == (snapshot.name, False)
    assert document["next"][1].startswith(f"{snapshot.name} is damaged and may be removed")


@pytest.mark.parametrize("place", [9, 14, 20, 40])
def test_a_damaged_header_is_code_4(path: Path, backend: str, recover: Recover, place: int) -> None:
    written(path, backend)
    data = path.read_bytes()
    path.write_bytes(flipped(data, place))
    code, document = recover()
    assert (code, document["outcome"], document["restored"]) == (4, "refused", None)
    assert document["found"]["verdict"] in {"corrupt", "newer"}
    assert path.read_bytes() == flipped(data, place)


def test_a_corrupt_journal_is_left_alone_and_then_salvaged(
    path: Path, backend: str, recover: Recover
) -> None:
    portfolio = written(path, backend)
    data = path.read_bytes()
    begin, _ = frames_of(data)[12]
    path.write_bytes(flipped(data, begin + 18))
    code, document = recover()
    assert (code, document["outcome"], document["backend"]) == (4, "refused", None)
    assert document["found"]["verdict"] == "corrupt"
    assert document["found"]["good_length"] == begin
    assert "--salvage" in document["next"][1]
    assert path.read_bytes() == flipped(data, begin + 18)
    assert len(list(path.parent.iterdir())) == 1

    code, document = recover("--salvage")
    found = document["found"]
    assert (code, document["outcome"]) == (1, "salvaged")
    assert found["lost_events"] != 0
    assert 0 < document["restored"]["events"] < portfolio.events
    kept = path.parent / Path(found["damaged"]).name
    assert kept.read_bytes() == flipped(data, begin + 18)
    assert "enter again" in document["next"][0]
    assert recover()[0] == 0


def test_a_salvage_that_loses_nothing_is_code_0(path: Path, backend: str, recover: Recover) -> None:
    with op.Portfolio("10000", backend=backend, journal=path) as portfolio:
        trade(portfolio, 10)
        portfolio.snapshot()
        trade(portfolio, 5, first=20)
    data = path.read_bytes()
    begin, _ = frames_of(data)[5]
    path.write_bytes(flipped(data, begin + 18))
    code, document = recover("--salvage")
    assert (code, document["outcome"], document["found"]["lost_events"]) == (0, "salvaged", 0)
    assert document["found"]["used_snapshot"] == f"{path.name}.snapshot-{29 + 1}"
    assert document["restored"]["digest"] == portfolio.digest


@pytest.mark.parametrize("length", [0, 5, 8, 20, 75])
def test_the_beginning_of_a_header_is_to_be_removed(
    path: Path, backend: str, recover: Recover, length: int
) -> None:
    written(path, backend)
    path.write_bytes(path.read_bytes()[:length])
    code, document = recover()
    assert (code, document["found"]["verdict"]) == (4, "corrupt")
    assert document["next"] == ["remove the file: it has never acknowledged an event"]
    assert path.stat().st_size == length


def test_a_damaged_header_without_an_event_is_kept(
    path: Path, backend: str, recover: Recover
) -> None:
    op.Portfolio("10000", backend=backend, journal=path).close()
    data = flipped(path.read_bytes(), 14)
    path.write_bytes(data)
    code, document = recover()
    found = document["found"]
    assert (code, found["verdict"]) == (4, "corrupt")
    # Nothing is lost, as the close behind the damage tells, but the file has a whole header.
    assert (found["events"], found["lost_events"]) == (0, 0)
    assert len(document["next"]) == 2
    assert document["next"][0].startswith("keep a copy of its folder")
    assert path.read_bytes() == data


def test_a_later_version_is_code_4(path: Path, backend: str, recover: Recover) -> None:
    written(path, backend)
    path.write_bytes(newer_journal(path.read_bytes()))
    for options in ((), ("--salvage",)):
        code, document = recover(*options)
        assert (code, document["outcome"]) == (4, "refused")
        assert (document["found"]["verdict"], document["found"]["version"]) == ("newer", 2)
        assert document["next"] == ["install the version that wrote it (format 2), or a later one"]


def test_no_such_file_is_code_3(path: Path, refused: Callable[..., tuple[int, str]]) -> None:
    code, line = refused()
    assert code == 3
    shown = op.JournalNotFound("journal", str(path), "", "").value
    assert shown.endswith(path.name)
    assert f"[4055] journal={shown}" in line
    assert "No such file" in line


def test_a_folder_is_code_3(path: Path, refused: Callable[..., tuple[int, str]]) -> None:
    path.mkdir()
    code, line = refused()
    assert code == 3
    assert "directory" in line


def test_an_unreadable_file_is_code_3(
    path: Path,
    backend: str,
    refused: Callable[..., tuple[int, str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    written(path, backend)

    def forbidden(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", forbidden)
    code, line = refused()
    assert code == 3
    assert "Permission denied" in line


def test_another_file_is_code_3(path: Path, refused: Callable[..., tuple[int, str]]) -> None:
    path.write_text("time,symbol,open\n")
    code, line = refused("--salvage")
    assert code == 3
    assert "is not a journal: it begins with b'time,sym'" in line


def test_an_image_is_no_journal(
    path: Path, backend: str, refused: Callable[..., tuple[int, str]]
) -> None:
    path.write_bytes(op.Portfolio(1, backend=backend).to_bytes())
    code, line = refused()
    assert code == 3
    assert "OMEGAIMG" in line


def test_a_journal_in_use_can_be_read_and_not_mended(
    path: Path, backend: str, recover: Recover, refused: Callable[..., tuple[int, str]]
) -> None:
    with op.Portfolio("10000", backend=backend, journal=path) as portfolio:
        trade(portfolio, 3)
        code, document = recover()
        assert (code, document["restored"]["events"]) == (0, portfolio.events)
        with path.open("ab") as file:
            file.write(b"torn")
        code, line = refused()
        assert code == 2
        assert "[4051]" in line


def test_a_broken_invariant_is_code_1(
    path: Path, backend: str, recover: Recover, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(path, backend)

    def broken(self: op.Portfolio) -> None:
        raise op.InvariantViolation("portfolio", str(self.events), "is broken", "start again")

    monkeypatch.setattr(backend_class(backend), "verify", broken)
    code, document = recover()
    assert (code, document["verified"], document["restored"]) == (1, False, None)
    assert "is broken" in document["verify_error"]
    assert "do not go on" in document["next"][0]


def test_what_a_person_reads(path: Path, backend: str, capsys: pytest.CaptureFixture[str]) -> None:
    portfolio = written(path, backend, closed=False)
    data = path.read_bytes()
    begin, end = frames_of(data)[-1]
    path.write_bytes(data[: end - 3])
    assert main(["recover", str(path), "--backend", backend]) == 0
    text = capsys.readouterr().out
    assert text.startswith(f"omega-portfolio recover: {path}\n\nFound\n  verdict         torn\n")
    assert f"byte {begin:,} of {end - 3:,}, after event {portfolio.events - 1}" in text
    assert f"Dropped\n  bytes           {end - 3 - begin}\n" in text
    assert f"  events          {portfolio.events - 1}\n" in text
    assert "  verified        every column and invariant\n" in text
    assert "snapshots       none" in text
    assert text.rstrip().rpartition("Next\n")[2].startswith("  omega_portfolio.open_journal(")
    path.write_bytes(flipped(data, frames_of(data)[4][0] + 18))
    assert main(["recover", str(path), "--backend", backend]) == 4
    text = capsys.readouterr().out
    assert "nothing: the file was not touched" in text
    assert "events before the damage are good" in text


@pytest.mark.parametrize(
    "words", [["--recover-state", "PATH"], ["--recover-state=PATH"], ["recover", "PATH"]]
)
def test_recover_state_is_the_same(
    path: Path, backend: str, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    written(path, backend)
    words = [word.replace("PATH", str(path)) for word in words]
    assert main([*words, "--json", "--backend", backend]) == 0
    assert json.loads(capsys.readouterr().out)["command"] == "recover"


def test_recover_state_needs_a_path(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["--recover-state"])
    assert caught.value.code == 2
    assert "PATH" in capsys.readouterr().err


def test_what_a_person_reads_of_a_salvage(
    path: Path, backend: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with op.Portfolio("10000", backend=backend, journal=path) as portfolio:
        trade(portfolio, 4)
        first = Path(portfolio.snapshot())
        trade(portfolio, 4, first=10)
        second = Path(portfolio.snapshot())
    data = path.read_bytes()
    path.write_bytes(flipped(data, frames_of(data)[2][0] + 18))
    first.write_bytes(flipped(first.read_bytes(), 100))
    assert main(["recover", str(path), "--salvage", "--backend", backend]) == 0
    text = capsys.readouterr().out
    assert f"  snapshots       {first.name}, 12 events, DAMAGED: " in text
    assert f"\n                  {second.name}, " in text
    assert "  events lost     0\n" in text
    assert f"  kept as         {path.name}.damaged\n" in text
    assert f"  begun with      {second.name}\n" in text
    assert portfolio.digest in text

    def broken(_: op.Portfolio) -> None:
        raise op.InvariantViolation("portfolio", "1", "is broken", "start again")

    monkeypatch.setattr(backend_class(backend), "verify", broken)
    assert main(["recover", str(path), "--backend", backend]) == 1
    text = capsys.readouterr().out
    assert "Restored\n  NOT VERIFIED: [5001] portfolio=1: is broken; start again\n" in text
    assert "--backend python asks the other backend" in text
