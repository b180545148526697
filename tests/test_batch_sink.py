"""Batches on disk: parts of whole runs, what a kill leaves, what is not mixed in."""

from __future__ import annotations

import fcntl
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import omega_portfolio as op
from batch_samples import assert_same, failing, files_of, in_memory, sample_batch, sample_params
from omega_portfolio.batch import slices
from omega_portfolio.batch.engine import Keep
from omega_portfolio.batch.manifest import NAME, hash_of, read_manifest
from omega_portfolio.batch.slices import runs_of_a_part, spans_of
from omega_portfolio.errors import InvalidArgument, RunCancelled


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a part have five runs, so that twelve runs are three parts."""
    monkeypatch.setattr(slices, "PART_RUNS", 5)


def stored(backend: str, folder: Path, **options: Any) -> op.BatchResult:
    return sample_batch(backend, sink=folder, **options)


def refused(backend: str, folder: Path, **options: Any) -> str:
    """Give the text with which a folder is refused; nothing in it may have changed."""
    before = files_of(folder)
    with pytest.raises(InvalidArgument) as error:
        stored(backend, folder, **options)
    assert error.value.argument == "sink"
    assert error.value.remedy
    assert files_of(folder) == before
    return str(error.value)


def manifest_of(folder: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((folder / NAME).read_text(encoding="utf-8"))
    return document


def named_files(folder: Path) -> set[str]:
    parts = manifest_of(folder)["parts"]
    return {file["file"] for part in parts for file in part["files"].values()}


@pytest.mark.parametrize("sink_format", ["parquet", "ipc"])
@pytest.mark.parametrize("layout", ["rows", "list"])
def test_the_tables_on_disk_are_those_in_memory(
    backend: str, tmp_path: Path, sink_format: str, layout: str
) -> None:
    options: dict[str, Any] = {"layout": layout, "exact": True, "digest": True}
    result = stored(backend, tmp_path / "out", sink_format=sink_format, **options)
    assert isinstance(result.equity, pl.LazyFrame)
    assert isinstance(result.metrics, pl.LazyFrame)
    assert result.folder == tmp_path / "out"
    expected = sample_batch(backend, **options)
    assert_same(result, expected)
    assert result.times is not None
    assert expected.times is not None
    assert result.times.to_list() == expected.times.to_list()
    assert result.best(n=3).equals(expected.best(n=3))
    assert result.portfolio(4).equity == expected.portfolio(4).equity
    assert result.to_polars()["deflated_sharpe_ratio"].null_count() == 0
    assert "folder=" in repr(result)
    assert result.plot(runs=[0, 3]).svg == expected.plot(runs=[0, 3]).svg


def test_parts_have_whole_runs_and_names_with_their_content(backend: str, tmp_path: Path) -> None:
    stored(backend, tmp_path)
    document = manifest_of(tmp_path)
    assert document["complete"] is True
    assert [(one["first"], one["runs"]) for one in document["parts"]] == [(0, 5), (5, 5), (10, 2)]
    assert named_files(tmp_path) == set(files_of(tmp_path))
    for part in document["parts"]:
        for name, file in part["files"].items():
            path = tmp_path / file["file"]
            assert hash_of(path) == file["blake2b"]
            assert path.name == f"{part['number']:06}-{file['blake2b'][:16]}.parquet"
            frame = pl.read_parquet(path)
            assert frame.height == file["rows"]
            if name == "final":
                runs = range(part["first"], part["first"] + part["runs"])
                assert frame["run_id"].to_list() == list(runs)
    identity = document["identity"]
    assert identity["version"] == op.__version__
    assert len(identity["fingerprint"]) >= 32
    # Any reader of Parquet finds a table by its folder.
    whole = pl.read_parquet(tmp_path / "equity" / "*.parquet")
    assert whole.equals(sample_batch(backend).equity)


def test_what_is_whole_is_not_made_again(backend: str, tmp_path: Path) -> None:
    first = in_memory(stored(backend, tmp_path))
    before = files_of(tmp_path)
    told: list[int] = []
    again = stored(backend, tmp_path, progress=lambda done, _: told.append(done))
    assert told == []
    assert files_of(tmp_path) == before
    assert all(frame.equals(first[name]) for name, frame in in_memory(again).items())


@pytest.mark.parametrize("harm", ["flipped byte", "cut", "gone", "another"])
def test_a_part_that_is_bad_is_made_again_and_no_other(
    backend: str, tmp_path: Path, harm: str
) -> None:
    expected = in_memory(stored(backend, tmp_path))
    before = files_of(tmp_path)
    name = manifest_of(tmp_path)["parts"][1]["files"]["equity"]["file"]
    path = tmp_path / name
    data = bytearray(path.read_bytes())
    if harm == "flipped byte":
        data[len(data) // 2] ^= 1
        path.write_bytes(data)
    elif harm == "cut":
        path.write_bytes(data[:-7])
    elif harm == "gone":
        path.unlink()
    else:
        other = manifest_of(tmp_path)["parts"][0]["files"]["equity"]["file"]
        path.write_bytes((tmp_path / other).read_bytes())
    told: list[int] = []
    again = stored(backend, tmp_path, progress=lambda done, _: told.append(done))
    assert told[-1] == 12
    assert min(told) > 7
    assert all(frame.equals(expected[name]) for name, frame in in_memory(again).items())
    after = files_of(tmp_path)
    assert set(after) == set(before)
    changed = {name for name in after if after[name] != before[name]}
    assert {Path(name).name[:6] for name in changed} == {"000001"}


def test_files_that_the_list_does_not_name_are_not_mixed_in(backend: str, tmp_path: Path) -> None:
    expected = in_memory(stored(backend, tmp_path))
    names = set(files_of(tmp_path))
    part = next((tmp_path / "equity").glob("000000-*"))
    (tmp_path / "equity" / "000007-0123456789abcdef.parquet").write_bytes(part.read_bytes())
    (tmp_path / "trades" / ".000002.tmp").write_bytes(b"half")
    again = stored(backend, tmp_path)
    assert set(files_of(tmp_path)) == names
    assert all(frame.equals(expected[name]) for name, frame in in_memory(again).items())


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"initial_balance": 20_000}, "fingerprint"),
        ({"params": sample_params().head(11)}, "fingerprint"),
        ({"record": "1d"}, "record bar and not 1d"),
        ({"equity_columns": "all"}, "equity_columns"),
        ({"trades": False}, "trades True and not False"),
        ({"exact": True}, "exact"),
        ({"digest": True}, "digest"),
        ({"layout": "list"}, "layout"),
        ({"sink_format": "ipc"}, "format"),
        ({"risk_free_rate": 0.01}, "fingerprint"),
    ],
)
def test_the_results_of_another_batch_are_refused(
    backend: str, tmp_path: Path, options: dict[str, Any], told: str
) -> None:
    stored(backend, tmp_path)
    text = refused(backend, tmp_path, **options)
    assert told in text
    assert "resume=False" in text
    anew = stored(backend, tmp_path, resume=False, **options)
    assert_same(anew, sample_batch(backend, **{**options, "sink_format": "parquet"}))
    named = {
        file["file"] for part in manifest_of(tmp_path)["parts"] for file in part["files"].values()
    }
    assert named == set(files_of(tmp_path))


def test_another_version_is_refused(tmp_path: Path) -> None:
    stored("python", tmp_path)
    document = manifest_of(tmp_path)
    document["identity"]["version"] = "0.0.1"
    (tmp_path / NAME).write_text(json.dumps(document), encoding="utf-8")
    assert f"version 0.0.1 and not {op.__version__}" in refused("python", tmp_path)


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", '{"layout": 2}', '{"layout": 1, "parts": [{"number": "x"}]}', "\x00\x00"],
)
def test_a_list_that_is_damaged_is_refused(tmp_path: Path, text: str) -> None:
    stored("python", tmp_path)
    (tmp_path / NAME).write_text(text, encoding="utf-8")
    assert "no list of parts that can be read" in refused("python", tmp_path)
    assert stored("python", tmp_path, resume=False).complete


def test_a_list_cannot_name_a_file_elsewhere(tmp_path: Path) -> None:
    stored("python", tmp_path / "a")
    document = manifest_of(tmp_path / "a")
    file = document["parts"][0]["files"]["equity"]
    outside = tmp_path / "outside.parquet"
    (tmp_path / "a" / file["file"]).rename(outside)
    file["file"] = "../outside.parquet"
    (tmp_path / "a" / NAME).write_text(json.dumps(document), encoding="utf-8")
    assert_same(stored("python", tmp_path / "a"), sample_batch("python"))
    assert outside.exists()


def test_a_folder_with_other_things_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("x", encoding="utf-8")
    assert "thesis.txt" in refused("python", tmp_path)
    with pytest.raises(InvalidArgument, match="is a file"):
        stored("python", tmp_path / "thesis.txt")
    assert stored("python", tmp_path / "new" / "deep").complete


def test_two_batches_do_not_write_into_one_folder(tmp_path: Path) -> None:
    stored("python", tmp_path)
    with (tmp_path / ".lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        assert "another batch" in refused("python", tmp_path)
    assert stored("python", tmp_path).complete


def test_a_cancelled_batch_goes_on(
    backend: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = op.CancelToken()

    def look(done: int, _: int) -> None:
        if done >= 6:
            token.cancel()

    with pytest.raises(RunCancelled) as cancelled:
        stored(backend, tmp_path, cancel=token, progress=look)
    partial = cancelled.value.result
    assert partial is not None
    assert not partial.complete
    assert len(partial) in (5, 10)
    assert not manifest_of(tmp_path)["complete"]
    before = files_of(tmp_path)
    # Parts keep their size when the rule for it changes.
    monkeypatch.setattr(slices, "PART_RUNS", 4)
    assert_same(stored(backend, tmp_path), sample_batch(backend))
    after = files_of(tmp_path)
    assert all(after[name] == moment for name, moment in before.items())


def test_a_batch_that_is_cancelled_at_once_leaves_an_empty_result(tmp_path: Path) -> None:
    token = op.CancelToken()
    token.cancel()
    with pytest.raises(RunCancelled) as cancelled:
        stored("python", tmp_path, cancel=token)
    assert cancelled.value.result is not None
    assert len(cancelled.value.result) == 0
    assert stored("python", tmp_path).complete


def test_a_part_of_which_all_runs_failed(backend: str, tmp_path: Path) -> None:
    params = failing([5, 6, 7, 8, 9, 11], 12)
    for layout in ("rows", "list"):
        result = stored(backend, tmp_path / layout, params=params, layout=layout)
        assert_same(result, sample_batch(backend, params=params, layout=layout))
        assert result.final.collect()["status"].to_list().count("failed") == 6


def test_no_run_at_all(tmp_path: Path) -> None:
    result = stored("python", tmp_path, params=sample_params().head(0))
    assert (len(result), result.complete) == (0, True)


def test_both_paths_have_a_folder_each(backend: str, tmp_path: Path) -> None:
    folder, one = tmp_path / "both", tmp_path / "one"
    result = stored(backend, folder, path="both")
    assert result.envelope.equals(sample_batch(backend, path="both").envelope)
    assert {one.name for one in folder.iterdir()} == {"pessimistic", "optimistic"}
    assert result.optimistic.folder == folder / "optimistic"
    assert stored(backend, folder, path="both").complete
    assert "pessimistic" in refused(backend, folder)
    stored(backend, one)
    assert "equity" in refused(backend, one, path="both")


def test_a_folder_can_be_opened_without_the_batch(backend: str, tmp_path: Path) -> None:
    result = stored(backend, tmp_path / "one")
    opened = op.BatchResult.open(tmp_path / "one", verify=True)
    assert_same(opened, result)
    assert opened.complete
    assert opened.best(n=2).equals(result.best(n=2))
    assert opened.plot(runs=[1]).svg == result.plot(runs=[1]).svg
    assert repr(opened) == repr(result)
    with pytest.raises(InvalidArgument, match="same arguments"):
        opened.portfolio(0)
    both = stored(backend, tmp_path / "two", path="both")
    assert op.BatchResult.open(str(tmp_path / "two")).envelope.equals(both.envelope)
    unlabelled = stored(backend, tmp_path / "three", params=None)
    assert_same(op.BatchResult.open(tmp_path / "three"), unlabelled)


def test_a_folder_that_is_not_what_it_was_is_not_opened(tmp_path: Path) -> None:
    for wrong, argument in ((3, "folder"), (tmp_path, "folder")):
        with pytest.raises(InvalidArgument) as error:
            op.BatchResult.open(wrong)  # type: ignore[arg-type]
        assert error.value.argument == argument
    stored("python", tmp_path)
    with pytest.raises(InvalidArgument, match="verify="):
        op.BatchResult.open(tmp_path, verify=1)  # type: ignore[arg-type]
    path = next((tmp_path / "trades").glob("000001-*"))
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    assert len(op.BatchResult.open(tmp_path)) == 12
    with pytest.raises(InvalidArgument, match="not what it was: 1"):
        op.BatchResult.open(tmp_path, verify=True)
    path.unlink()
    with pytest.raises(InvalidArgument, match="makes it anew"):
        op.BatchResult.open(tmp_path)


KILLED = """
import sys
sys.path.insert(0, {tests!r})
from batch_samples import sample_batch
from omega_portfolio.batch import slices
slices.PART_RUNS = 1
sample_batch({backend!r}, sink={folder!r})
print("done")
"""


@pytest.mark.parametrize("parts", [0, 1, 4])
def test_a_killed_batch_goes_on_behind_its_last_part(
    backend: str, tmp_path: Path, parts: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slices, "PART_RUNS", 1)
    folder = tmp_path / "out"
    code = KILLED.format(tests=str(Path(__file__).parent), backend=backend, folder=str(folder))
    process = subprocess.Popen([sys.executable, "-c", code])  # noqa: S603 - the code above.
    deadline = time.monotonic() + 60
    while not (folder / NAME).exists() or len(manifest_of(folder)["parts"]) < parts:
        assert time.monotonic() < deadline
        assert process.poll() in (None, 0)
        time.sleep(0.001)
    process.kill()
    process.wait()
    left = read_manifest(folder)
    assert left is not None
    whole = {file.file for part in left.parts.values() for file in part.files.values()}
    before = files_of(folder)
    told: list[int] = []
    result = stored(backend, folder, progress=lambda done, _: told.append(done))
    assert result.complete
    assert all(done > len(left.parts) for done in told)
    assert_same(result, sample_batch(backend))
    after = files_of(folder)
    assert {name: after[name] for name in whole} == {name: before[name] for name in whole}
    assert len(after) == 12 * 5


def test_the_size_of_parts() -> None:
    for moments in (1, 7, 999, 10_000, 4_000_000, 10**9):
        for record in ("bar", "1d", "none"):
            keep = Keep(record=record)  # type: ignore[arg-type]
            runs = runs_of_a_part(moments, keep)
            assert 1 <= runs <= slices.PART_RUNS
            rows = slices.rows_of_a_run(moments, keep)
            assert runs == 1 or runs * rows <= slices.PART_ROWS
    assert spans_of(0, 5) == []
