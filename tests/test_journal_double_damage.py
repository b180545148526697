"""Two damages in one journal: both backends say, restore and leave the same (SPEC J8 to J10)."""

from __future__ import annotations

import os
import shutil
from dataclasses import asdict
from pathlib import Path
from random import Random
from typing import Any

import pytest

import omega_portfolio as op
from journals import CALLS, begun
from omega_portfolio.oracle.journal_format import SYNC_MODES

SEED = int(os.environ.get("OMEGA_TEST_SEED", "20261127"))
ROUNDS = int(os.environ.get("OMEGA_TEST_DAMAGES", "12"))
"""How many damages a journal of each mode gets."""

NAME = "run.journal"

Files = dict[str, bytes]


def files_of(folder: Path) -> Files:
    return {entry.name: entry.read_bytes() for entry in folder.iterdir()}


def life(folder: Path, sync: str, random: Random) -> Files:
    """Make all calls, with snapshots and closes between them; all snapshots are kept."""
    folder.mkdir()
    path = folder / NAME
    backend = random.choice(["python", "rust"])
    portfolio = begun(path, backend, sync=sync, sync_interval_ms=random.choice([1, 10_000]))
    snapshots: Files = {}
    for call in CALLS:
        call(portfolio)
        if random.random() < 0.2:
            made = Path(portfolio.snapshot())
            snapshots[made.name] = made.read_bytes()
        if random.random() < 0.1:
            portfolio.close()
            backend = random.choice(["python", "rust"])
            portfolio = op.open_journal(path, backend=backend, sync_interval_ms=10_000)
    if random.random() < 0.5:
        portfolio.close()
    portfolio.flush()
    files = files_of(folder)
    portfolio.close()
    return {**snapshots, **files}


def damaged(data: bytes, random: Random) -> bytes:
    """Damage a file at one place."""
    at = random.randrange(len(data) or 1)
    end = at + random.choice([1, 4, 16, 60])
    kind = random.randrange(6)
    if kind == 0:
        return data[:at] + data[end:]
    if kind == 1:
        return data[:at] + bytes(end - at) + data[end:]
    if kind == 2:
        return data[:at] + random.randbytes(end - at) + data[end:]
    if kind == 3 and random.random() < 0.3:
        return data[:at]
    return data[:at] + bytes([data[at] ^ 1 << random.randrange(8)]) + data[at + 1 :]


def damaged_twice(files: Files, random: Random) -> Files:
    """Damage the journal at two places, and its snapshots now and then."""
    files = {name: data for name, data in files.items() if name == NAME or random.random() < 0.6}
    for _ in range(2):
        files[NAME] = damaged(files[NAME], random)
    for name in sorted(files):
        if name != NAME and random.random() < 0.15:
            files[name] = damaged(files[name], random)
    return files


def put(folder: Path, files: Files) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return folder / NAME


def told(recovery: op.Recovery | None) -> dict[str, Any]:
    """Give what a recovery says; why an image is none is said in words of each backend."""
    assert recovery is not None
    fields = asdict(recovery)
    for snapshot in fields["snapshots"]:
        snapshot["why"] = bool(snapshot["why"])
    return fields


def outcome(folder: Path, files: Files, backend: str) -> list[Any]:
    """Look at a journal, salvage it, make a snapshot, close it: all that comes of it."""
    path = put(folder, files)
    seen: list[Any] = [told(op.inspect_journal(path, backend=backend))]
    try:
        portfolio = op.open_journal(path, salvage=True, sync_interval_ms=10_000, backend=backend)
    except (op.JournalCorrupt, op.JournalVersion) as error:
        return [*seen, type(error), files_of(folder)]
    assert portfolio.journal is not None
    seen += [told(portfolio.recovery), portfolio.journal.snapshots, portfolio.digest]
    seen.append(files_of(folder))
    portfolio.verify()
    # At the time of the last event: a later one would roll every open position over, day by day.
    portfolio.deposit(1, portfolio.get_state().time or 0)
    portfolio.snapshot()
    seen += [portfolio.journal.snapshots, sorted(files_of(folder)), portfolio.digest]
    portfolio.close()
    for name in ("python", "rust"):
        assert op.inspect_journal(path, backend=name).verdict == "clean"
    return seen


@pytest.mark.parametrize("sync", SYNC_MODES)
def test_both_backends_salvage_the_same(tmp_path: Path, sync: str) -> None:
    random = Random(f"{SEED} {sync}")
    used = numbers = 0
    for number in range(ROUNDS):
        if number % 25 == 0:
            files = life(tmp_path / str(number), sync, random)
        broken = damaged_twice(files, random)
        python, rust = (outcome(tmp_path / "same", broken, name) for name in ("python", "rust"))
        for mine, other in zip(python, rust, strict=True):
            assert mine == other, (number, sorted(broken))
        if isinstance(python[1], dict):
            used += python[1]["used_snapshot"] is not None
            numbers += python[1]["lost_events"] is not None
    assert used > ROUNDS / 10
    assert numbers > ROUNDS / 10
