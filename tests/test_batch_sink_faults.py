"""Disks that fail, forks, and folders that are none, below a batch that is written to disk.

Wanted each time: an error that says what it is, parts that are whole or not there, and a second
call that goes on to the same tables.
"""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import omega_portfolio as op
from batch_samples import (
    assert_same,
    files_of,
    sample_bars,
    sample_batch,
    sample_orders,
    sample_params,
)
from conftest import _chosen_backends
from interpreter import PACKAGE_ROOT
from omega_portfolio.batch import slices
from omega_portfolio.batch.manifest import part_is_whole, read_manifest

TESTS = Path(__file__).parent


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a part have five runs, so that twelve runs are three parts."""
    monkeypatch.setattr(slices, "PART_RUNS", 5)


def failing_at(number: int, call: Callable[..., Any], code: int) -> tuple[Callable[..., Any], Any]:
    """Give the call as one that fails at one of its turns, and the list of the turns so far."""
    turns: list[int] = []

    def replaced(*arguments: Any, **keywords: Any) -> Any:
        turns.append(len(turns))
        if turns[-1] == number:
            raise OSError(code, os.strerror(code))
        return call(*arguments, **keywords)

    return replaced, turns


CALLS: dict[str, tuple[Any, str, int]] = {
    "fsync": (os, "fsync", errno.EIO),
    "rename": (Path, "replace", errno.ENOSPC),
    "open": (Path, "open", errno.EMFILE),
    "mkdir": (Path, "mkdir", errno.EROFS),
    "unlink": (Path, "unlink", errno.EACCES),
}


@pytest.mark.parametrize("resume", [True, False])
@pytest.mark.parametrize("name", CALLS)
def test_a_call_of_the_system_that_fails_at_any_turn(
    name: str, resume: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner, call, code = CALLS[name]
    backend = _chosen_backends()[0]
    params = sample_params()[:7]
    options = {"params": params, "resume": resume}
    whole = sample_batch(backend, params=params)
    failed = []
    for number in range(0, 200, 1 if resume else 4):
        folder = tmp_path / str(number)
        if not resume:
            # The results of another batch, which are to go.
            sample_batch(backend, sink=folder, leverage=2, params=params)
        replaced, turns = failing_at(number, getattr(owner, call), code)
        with monkeypatch.context() as patched:
            patched.setattr(owner, call, replaced)
            try:
                sample_batch(backend, sink=folder, **options)
            except OSError as error:
                failed.append(error.errno)
        manifest = read_manifest(folder) if folder.exists() else None
        parts = manifest.parts.values() if manifest is not None else ()
        assert all(part_is_whole(folder, part) for part in parts)
        assert_same(sample_batch(backend, sink=folder, **options), whole)
        assert not list(folder.rglob("*.tmp"))
        if number >= len(turns):
            break
    else:
        pytest.fail("it never came to an end")
    # In a new folder nothing has to go.
    assert len(failed) >= (0 if name == "unlink" and resume else 1)
    assert set(failed) <= {code}


def test_a_kill_while_old_results_go_leaves_no_old_times(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bars, orders = (
        frame.with_columns(pl.col("time") + timedelta(days=3_650))
        for frame in (sample_bars(), sample_orders())
    )
    old: dict[str, Any] = {"layout": "list", "params": sample_params()[:3]}
    new: dict[str, Any] = {"bars": bars, "orders": orders, "params": None}
    wanted = {name: sample_batch("python", **given) for name, given in (("old", old), ("new", new))}

    class Killed(BaseException):
        pass

    def assert_is(name: str, folder: Path) -> None:
        found, expected = op.BatchResult.open(folder, verify=True), wanted[name]
        assert_same(found, expected)
        assert found.times is not None
        assert found.times.equals(expected.times)
        assert (found.params is None) == (expected.params is None)

    for number in range(40):
        folder = tmp_path / str(number)
        sample_batch("python", sink=folder, **old)
        turns: list[int] = []
        with monkeypatch.context() as patched:
            for name in ("unlink", "replace"):
                patched.setattr(Path, name, killed_at(number, getattr(Path, name), turns, Killed))
            with suppress(Killed):
                sample_batch("python", sink=folder, resume=False, **new)
        # Whoever goes on, with the old batch or with the new one, finds times of its own.
        try:
            sample_batch("python", sink=folder, **new)
            assert_is("new", folder)
        except op.InvalidArgument:
            sample_batch("python", sink=folder, **old)
            assert_is("old", folder)
        if len(turns) <= number:
            break
    assert 8 < number < 39


def killed_at(
    number: int, call: Callable[..., Any], turns: list[int], end: type[BaseException]
) -> Callable[..., Any]:
    """Give the call as one at whose turn the process ends."""

    def replaced(*arguments: Any, **keywords: Any) -> Any:
        turns.append(len(turns))
        if turns[-1] == number:
            raise end
        return call(*arguments, **keywords)

    return replaced


@pytest.mark.parametrize("sink_format", ["parquet", "ipc"])
def test_a_file_that_may_not_grow(backend: str, sink_format: str, tmp_path: Path) -> None:
    code = f"""
import resource, sys
sys.path.insert(0, {str(TESTS)!r})
from batch_samples import sample_batch
hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), hard))
try:
    sample_batch({backend!r}, sink={str(tmp_path)!r} + "/sink", sink_format={sink_format!r})
except OSError as error:
    print("refused", type(error).__name__)
"""
    for limit in (100, 1_200, 8_000):
        done = subprocess.run(  # noqa: S603 - the program is this interpreter.
            [sys.executable, "-c", code, str(limit)],
            env={**os.environ, "PYTHONPATH": str(PACKAGE_ROOT)},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.stdout == "refused OSError\n", done.stderr
        # A small file is written beside its place and stays there; one of a part goes away.
        left = {path.name for path in tmp_path.rglob("*.tmp")}
        assert all(name.count(".") == 3 for name in left), left
    found = sample_batch(backend, sink=tmp_path / "sink", sink_format=sink_format)
    assert_same(found, sample_batch(backend))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="a system without forks")
def test_a_fork_writes_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "sink"
    code = f"""
import os, sys
sys.path.insert(0, {str(TESTS)!r})
from batch_samples import files_of, sample_batch
from omega_portfolio.batch import slices
import omega_portfolio as op
slices.PART_RUNS = 5
children = []

def look(done, total):
    # The child comes back from here, as nobody should let it.
    if not children:
        children.append(os.fork())

try:
    sample_batch("python", sink={str(folder)!r}, progress=look)
except op.InvalidArgument as error:
    assert children == [0]
    print(error.argument, error.rule, flush=True)
    os._exit(7)
_, status = os.waitpid(children[0], 0)
print("parent", os.waitstatus_to_exitcode(status))
"""
    done = subprocess.run(  # noqa: S603 - the program is this interpreter.
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(PACKAGE_ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    lines = done.stdout.splitlines()
    assert len(lines) == 2, done.stderr
    assert lines[0].startswith("sink belongs to the process that began the batch")
    assert lines[1] == "parent 7"
    assert_same(op.BatchResult.open(folder, verify=True), sample_batch("python"))
    before = files_of(folder)
    assert sample_batch("python", sink=folder).complete
    assert files_of(folder) == before


def test_folders_that_are_none(backend: str, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("text")
    with pytest.raises(op.InvalidArgument) as caught:
        sample_batch(backend, sink=file)
    assert caught.value.argument == "sink"
    with pytest.raises(NotADirectoryError):
        sample_batch(backend, sink=file / "below")
    nowhere = tmp_path / "nowhere"
    nowhere.symlink_to(tmp_path / "no" / "such")
    with pytest.raises(OSError, match="nowhere"):
        sample_batch(backend, sink=nowhere)
    assert file.read_text() == "text"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "nowhere"]
    real, link = tmp_path / "real", tmp_path / "link"
    real.mkdir()
    link.symlink_to(real)
    assert_same(sample_batch(backend, sink=link), sample_batch(backend))
    assert link.is_symlink()
    assert (real / "manifest.json").exists()


def test_other_things_stay(backend: str, tmp_path: Path) -> None:
    folder = tmp_path / "sink"
    sample_batch(backend, sink=folder)
    (folder / "notes.txt").write_text("mine")
    before = files_of(folder)
    with pytest.raises(op.InvalidArgument, match="other things") as caught:
        sample_batch(backend, sink=folder, resume=False, leverage=2)
    assert caught.value.argument == "sink"
    assert files_of(folder) == before
    assert (folder / "manifest.json").exists()
    (folder / "notes.txt").unlink()
    outside = tmp_path / "outside.parquet"
    outside.write_text("mine")
    (folder / "equity" / "000009-link.parquet").symlink_to(outside)
    # A link is removed, and not what it points to.
    assert_same(sample_batch(backend, sink=folder), sample_batch(backend))
    assert outside.read_text() == "mine"
    below = folder / "trades" / "mine"
    below.mkdir()
    with pytest.raises(op.InvalidArgument, match="is a folder") as caught:
        sample_batch(backend, sink=folder)
    assert caught.value.argument == "sink"
    assert below.is_dir()
