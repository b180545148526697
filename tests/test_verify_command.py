"""The command that checks a stored portfolio: journals, snapshots and images, on each backend."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import omega_portfolio as op
from conftest import _chosen_backends
from interpreter import PACKAGE_ROOT
from omega_portfolio.backend import backend_class
from omega_portfolio.cli import main
from omega_portfolio.verify_command import verified
from stored_files import flipped, frames_of, newer_image, newer_journal, trade, written

Verify = Callable[..., tuple[int, dict]]

both_only = pytest.mark.skipif(
    len(_chosen_backends()) < 2, reason="the run is narrowed to one backend"
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run.journal"


@pytest.fixture
def verify(path: Path, backend: str, capsys: pytest.CaptureFixture[str]) -> Verify:
    """Run the command on the backend under test; give its code and its one document."""

    def call(file: Path = path, *, on: str = backend) -> tuple[int, dict]:
        before = file.read_bytes()
        code = main(["verify", str(file), "--json", "--backend", on])
        captured = capsys.readouterr()
        assert captured.err == ""
        assert file.read_bytes() == before
        return code, json.loads(captured.out)

    return call


def test_a_clean_journal_holds(path: Path, backend: str, verify: Verify) -> None:
    portfolio = written(path, backend)
    code, document = verify()
    assert (code, document["holds"], document["kind"]) == (0, True, "journal")
    assert document["backends"] == [backend]
    assert [check["name"] for check in document["checks"]] == ["bytes", f"account, {backend}"]
    assert document["account"]["digest"] == portfolio.digest
    assert document["found"]["events"] == portfolio.events
    assert document["bytes"] == path.stat().st_size


def test_a_journal_in_use_holds(path: Path, backend: str, verify: Verify) -> None:
    with op.Portfolio("10000", backend=backend, journal=path) as portfolio:
        trade(portfolio, 3)
        code, document = verify()
    assert (code, document["account"]["digest"]) == (0, portfolio.digest)


def test_a_torn_journal_fails_and_shows_what_is_good(
    path: Path, backend: str, verify: Verify
) -> None:
    portfolio = written(path, backend, closed=False)
    path.write_bytes(path.read_bytes()[:-1])
    code, document = verify()
    assert (code, document["holds"], document["account"]) == (1, False, None)
    assert [check["passed"] for check in document["checks"]] == [False, True]
    assert document["checks"][0]["detail"].startswith("torn, ")
    assert f"{portfolio.events - 1} events replayed" in document["checks"][1]["detail"]


def test_a_corrupt_and_a_newer_journal_are_code_4(path: Path, backend: str, verify: Verify) -> None:
    written(path, backend)
    data = path.read_bytes()
    for damaged, verdict in (
        (flipped(data, frames_of(data)[3][0] + 20), "corrupt"),
        (data[:9], "corrupt"),
        (b"", "corrupt"),
        (newer_journal(data), "newer"),
    ):
        path.write_bytes(damaged)
        code, document = verify()
        assert (code, document["holds"], document["account"]) == (4, False, None)
        assert document["found"]["verdict"] == verdict
        assert len(document["checks"]) == 1


def test_an_image_and_a_snapshot_hold(
    path: Path, tmp_path: Path, backend: str, verify: Verify
) -> None:
    with op.Portfolio("10000", backend=backend, journal=path) as portfolio:
        trade(portfolio, 5)
        snapshot = Path(portfolio.snapshot())
        image = tmp_path / "image"
        image.write_bytes(portfolio.to_bytes())
    for file in (snapshot, image):
        code, document = verify(file)
        assert (code, document["kind"], document["found"]) == (0, "image", None)
        assert document["account"]["digest"] == portfolio.digest
    code, document = verify()
    names = [check["name"] for check in document["checks"]]
    assert (code, names) == (0, ["bytes", f"snapshot {snapshot.name}", f"account, {backend}"])


def test_a_damaged_snapshot_fails(path: Path, backend: str, verify: Verify) -> None:
    with op.Portfolio("10000", backend=backend, journal=path) as portfolio:
        trade(portfolio, 5)
        snapshot = Path(portfolio.snapshot())
    snapshot.write_bytes(flipped(snapshot.read_bytes(), 100))
    code, document = verify()
    assert (code, document["found"]["verdict"]) == (1, "clean")
    assert [check["passed"] for check in document["checks"]] == [True, False, True]


def damaged_images(data: bytes) -> dict[str, bytes]:
    return {
        "cut": data[:-1],
        "cut early": data[:12],
        "longer": data + b"\0",
        "newer": newer_image(data),
        **{f"flipped at {place}": flipped(data, place) for place in (9, 30, 90, len(data) - 2)},
    }


def test_a_damaged_image_is_code_4(
    path: Path, backend: str, capsys: pytest.CaptureFixture[str]
) -> None:
    portfolio = op.Portfolio(1000, backend=backend)
    trade(portfolio, 5)
    images = damaged_images(portfolio.to_bytes())
    assert len(images) == 8
    for name, data in images.items():
        path.write_bytes(data)
        assert main(["verify", str(path), "--backend", backend]) == 4, name
        captured = capsys.readouterr()
        assert captured.out == ""
        assert captured.err.startswith("omega-portfolio: [4057] data="), name
        assert captured.err.count("\n") == 1


@pytest.mark.parametrize("make", ["nothing", "a folder", "another file"])
def test_what_holds_no_portfolio_is_code_3(
    path: Path, backend: str, make: str, capsys: pytest.CaptureFixture[str]
) -> None:
    if make == "a folder":
        path.mkdir()
    elif make == "another file":
        path.write_bytes(b"PAR1 and so on")
    assert main(["verify", str(path), "--json", "--backend", backend]) == 3
    captured = capsys.readouterr()
    assert captured.out == ""
    shown = op.JournalNotFound("journal", str(path), "", "").value
    assert shown.endswith(path.name)
    assert captured.err.startswith(f"omega-portfolio: [4055] journal={shown}: ")


def test_a_broken_invariant_is_code_1(
    path: Path, backend: str, verify: Verify, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(path, backend)

    def broken(self: op.Portfolio) -> None:
        raise op.InvariantViolation("portfolio", str(self.events), "is broken", "start again")

    monkeypatch.setattr(backend_class(backend), "verify", broken)
    code, document = verify()
    assert (code, document["account"]) == (1, None)
    assert "is broken" in document["checks"][1]["detail"]


@both_only
def test_both_backends_are_compared(path: Path, backend: str, verify: Verify) -> None:
    written(path, backend)
    code, document = verify(on="both")
    assert (code, document["backends"]) == (0, ["rust", "python"])
    last = document["checks"][-1]
    assert last["name"] == "account, rust against python"
    assert "cells are equal" in last["detail"]


WRITER = """
import sys, time
import omega_portfolio as op
portfolio = op.Portfolio(1000, journal=sys.argv[1], backend=sys.argv[2])
for number in range(100_000):
    portfolio.deposit(1, number)
    if number == 100:
        print("begun", flush=True)
    time.sleep(0.001)
"""


@both_only
def test_both_backends_are_compared_at_one_moment(path: Path, backend: str) -> None:
    command = [sys.executable, "-c", WRITER, str(path), backend]
    environment = {**os.environ, "PYTHONPATH": str(PACKAGE_ROOT)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as writer:  # noqa: S603
        assert writer.stdout is not None
        try:
            assert writer.stdout.readline() == b"begun\n"
            for backends in (("rust", "python"), ("python", "rust")) * 3:
                before = path.stat().st_size
                document = verified(path, backends)
                assert document["holds"], document["checks"]
                assert before <= document["bytes"] < path.stat().st_size
                assert "cells are equal" in document["checks"][-1]["detail"]
        finally:
            writer.kill()


@both_only
def test_a_difference_between_the_backends_is_code_1(
    path: Path, backend: str, verify: Verify, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(path, backend)
    python = backend_class("python")
    trades = python.get_trades
    monkeypatch.setattr(
        python, "get_trades", lambda self, exact=False: trades(self, exact).select(["size"])
    )
    code, document = verify(on="both")
    assert code == 1
    assert document["checks"][-1]["detail"] == "trades: the columns differ"
    monkeypatch.setattr(python, "get_trades", trades)
    monkeypatch.setattr(python, "digest", "0")
    code, document = verify(on="both")
    assert code == 1
    assert document["checks"][-1]["detail"].startswith("digests: ")


def test_what_a_person_reads(path: Path, backend: str, capsys: pytest.CaptureFixture[str]) -> None:
    portfolio = written(path, backend)
    assert main(["verify", str(path), "--backend", backend]) == 0
    text = capsys.readouterr().out
    assert text.startswith(f"omega-portfolio verify: {path}\n  journal, ")
    assert f"  ok      account, {backend}\n" in text
    assert f"  digest          {portfolio.digest}\n" in text
    assert text.endswith("\neverything holds\n")
    path.write_bytes(path.read_bytes()[:-1])
    assert main(["verify", str(path), "--backend", backend]) == 1
    text = capsys.readouterr().out
    assert "  FAILED  bytes\n" in text
    assert text.endswith(f"A CHECK FAILED; omega-portfolio recover {path} says more\n")
