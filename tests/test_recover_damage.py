"""Every cut of a journal, a flip in every byte, foreign bytes: the commands answer.

Both backends get the same bytes. What they say, restore and leave behind must be the same.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from random import Random
from typing import Any

import pytest

import omega_portfolio as op
from conftest import _chosen_backends
from omega_portfolio.cli import main
from omega_portfolio.recover_command import exit_code, recovered
from omega_portfolio.stored import JOURNAL_MAGIC
from stored_files import flipped, frames_of, trade, written

SEED = 20_260_711
BACKENDS = _chosen_backends()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run.journal"


def ask(path: Path, data: bytes, *, salvage: bool = False) -> tuple[int, dict[str, Any]]:
    """Recover the same bytes on every backend; give code and document, which are the same."""
    answers = []
    for backend in BACKENDS:
        for other in path.parent.glob(f"{path.name}.damaged*"):
            other.unlink()
        path.write_bytes(data)
        document = recovered(path, salvage=salvage, backend=backend)
        reason = document["found"]["reason"]
        assert bool(reason) == (document["found"]["verdict"] != "clean")
        answers.append((exit_code(document), document | {"backend": None}, path.read_bytes()))
    first = answers[0]
    for other in answers[1:]:
        assert first[1]["found"] == other[1]["found"]
        assert first[1] == other[1]
        assert first[0] == other[0]
        assert first[2] == other[2], "the files that are left differ"
    if first[1]["outcome"] in {"untouched", "refused"}:
        assert first[2] == data
    return first[:2]


def test_every_cut(path: Path) -> None:
    portfolio = written(path, BACKENDS[0], 2, closed=False)
    data = path.read_bytes()
    frames = frames_of(data)
    ends = [end for _, end in frames]
    outcomes: dict[str, int] = {}
    for length in range(len(data) + 1):
        code, document = ask(path, data[:length])
        outcome = document["outcome"]
        outcomes[outcome] = outcomes.get(outcome, 0) + 1
        if length < frames[0][0]:
            assert (code, outcome) == (4, "refused")
            continue
        whole = sum(end <= length for end in ends)
        assert code == 0
        assert outcome == ("untouched" if length in {frames[0][0], *ends} else "mended")
        assert document["restored"]["events"] == document["found"]["events"]
        assert document["found"]["frames"] == whole
    assert document["restored"]["digest"] == portfolio.digest
    assert outcomes["untouched"] == len(frames) + 1
    assert outcomes["mended"] > 100


def test_a_flip_in_every_byte_is_seen(path: Path) -> None:
    written(path, BACKENDS[0], 3, closed=False)
    data = path.read_bytes()
    last, _ = frames_of(data)[-1]
    random = Random(SEED)
    for place in range(len(data)):
        damaged = data[:place] + bytes([data[place] ^ (1 << random.randrange(8))])
        damaged += data[place + 1 :]
        if place < len(JOURNAL_MAGIC):
            path.write_bytes(damaged)
            for backend in BACKENDS:
                with pytest.raises(op.JournalNotFound):
                    recovered(path, backend=backend)
            continue
        code, document = ask(path, damaged)
        # In the last frame it cannot be told from a write that was cut.
        assert code == (0 if place >= last else 4), place
        assert document["found"]["verdict"] != "clean"


def test_salvages_agree(path: Path) -> None:
    written(path, BACKENDS[0], 5)
    data = path.read_bytes()
    frames = frames_of(data)
    for begin, _ in frames[:-1]:
        code, document = ask(path, flipped(data, begin + 18), salvage=True)
        assert (code, document["outcome"]) == (1, "salvaged")
        assert document["found"]["lost_events"] > 0
        assert document["verified"] is True
    # A frame that was cut out, so that the next one does not follow the one before it.
    (begin, end), (_, _) = frames[3:5]
    code, document = ask(path, data[:begin] + data[end:], salvage=True)
    assert code == 1
    assert "linked to another" in document["found"]["reason"]


def test_foreign_bytes_behind_the_magic(path: Path) -> None:
    random = Random(SEED)
    for _ in range(100):
        data = JOURNAL_MAGIC + random.randbytes(random.randrange(200))
        code, document = ask(path, data)
        assert (code, document["outcome"]) == (4, "refused")


def with_snapshots(path: Path, backend: str) -> None:
    with op.Portfolio("10000", backend=backend, journal=path) as portfolio:
        trade(portfolio, 5)
        portfolio.snapshot()
        trade(portfolio, 3, first=20)


@pytest.mark.parametrize("what", ["another journal", "an older state"])
def test_a_journal_that_was_exchanged_is_code_4(
    path: Path, backend: str, what: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with_snapshots(path, backend)
    data = path.read_bytes()
    if what == "another journal":
        other = path.with_name("other.journal")
        with_snapshots(other, backend)
        shutil.copyfile(other, path)
    else:
        path.write_bytes(data[: frames_of(data)[3][1]])
    before = path.read_bytes()
    for command in ("recover", "verify"):
        assert main([command, str(path), "--json", "--backend", backend]) == 4
        document = json.loads(capsys.readouterr().out)
        assert document["found"]["verdict"] == "corrupt"
        assert document["found"]["reason"]
        assert path.read_bytes() == before


def test_a_header_without_its_magic_is_corrupt_beside_its_snapshots(
    path: Path, backend: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with_snapshots(path, backend)
    path.write_bytes(flipped(path.read_bytes(), 0))
    assert main(["recover", str(path), "--json", "--backend", backend]) == 4
    document = json.loads(capsys.readouterr().out)
    assert (document["outcome"], len(document["found"]["snapshots"])) == ("refused", 1)
