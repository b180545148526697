"""The folder of a batch that begins, beside other batches that look for what was left behind."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from batch_samples import sample_batch
from executor_samples import assert_equal
from omega_portfolio.batch import locks, scratch

pytestmark = pytest.mark.skipif(os.name == "nt", reason="a system without such locks")


def one_that_comes_between(
    monkeypatch: pytest.MonkeyPatch, what: str, where: Path, keeps: list[int]
) -> None:
    """Let another batch come between the making of a lock file and its lock, three times."""
    real = locks.take
    turns: list[int] = []

    def taken(handle: int) -> str:
        turns.append(handle)
        if len(turns) <= 3:
            if what == "removes":
                scratch._remove_left(where, scratch.NAME)
            else:
                # It has the lock, and is about to remove the folder.
                path = next(one for one in where.glob("*/.lock") if is_at(handle, one))
                other = os.open(path, os.O_RDWR)
                keeps.append(other)
                assert real(other) == locks.FREE
        return real(handle)

    monkeypatch.setattr(locks, "take", taken)
    monkeypatch.setattr(scratch, "YOUNG", 0.0)


def is_at(handle: int, path: Path) -> bool:
    """Whether an open file is the one at a path."""
    return os.path.samestat(os.fstat(handle), path.stat())


@pytest.mark.parametrize("what", ["removes", "locks"])
def test_a_batch_that_begins_is_not_taken_for_a_dead_one(
    what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeps: list[int] = []
    one_that_comes_between(monkeypatch, what, tmp_path, keeps)
    try:
        found = sample_batch("python", executor="processes", workers=1, scratch=tmp_path)
        assert len(keeps) == (3 if what == "locks" else 0)
    finally:
        for handle in keeps:
            os.close(handle)
    assert_equal(found, sample_batch("python"))
    assert list(tmp_path.iterdir()) == []


def test_a_young_folder_stays(tmp_path: Path) -> None:
    names = ("young", "old")
    for name in names:
        folder = tmp_path / f"head-{name}"
        folder.mkdir()
        (folder / ".lock").touch()
    os.utime(tmp_path / "head-old" / ".lock", (0, 0))
    scratch._remove_left(tmp_path, "head-")
    assert [one.name for one in tmp_path.iterdir()] == ["head-young"]
    os.utime(tmp_path / "head-young" / ".lock", (0, 0))
    with locks.locked(tmp_path / "head-young" / ".lock") as found:
        assert found == locks.FREE
        os.utime(tmp_path / "head-young" / ".lock", (0, 0))
        scratch._remove_left(tmp_path, "head-")
        assert [one.name for one in tmp_path.iterdir()] == ["head-young"]
    scratch._remove_left(tmp_path, "head-")
    assert list(tmp_path.iterdir()) == []


def test_folders_that_others_always_take(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "take", lambda _: locks.BUSY)
    options: dict[str, Any] = {"executor": "processes", "scratch": tmp_path}
    with pytest.raises(FileExistsError, match="other processes"):
        sample_batch("python", **options)
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setattr(locks, "take", lambda _: locks.UNKNOWN)
    assert sample_batch("python", **options).complete
    assert list(tmp_path.iterdir()) == []


def test_a_worker_removes_the_folder_of_no_living_batch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locks, "_PATIENCE", 0.05)
    folder = tmp_path / "one"
    folder.mkdir()
    with locks.locked(folder / locks.LOCK):
        locks.remove_left(folder)
        assert folder.is_dir()
    locks.remove_left(folder)
    assert not folder.exists()
    # What is no folder of a batch stays as it is.
    locks.remove_left(tmp_path)
    assert tmp_path.is_dir()
