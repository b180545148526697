"""A result through a pickle and as a copy, and what a pickle is refused for, on both backends."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import polars as pl
import pyarrow as pa
import pytest

import omega_portfolio as op
from batch_samples import assert_same, failing, sample_batch, sample_params
from interpreter import ABSENT, pickled, run_python
from omega_portfolio.batch import pickled as form
from omega_portfolio.batch.tables import NAMES

OPTIONS: dict[str, dict[str, Any]] = {
    "plain": {},
    "exact": {"exact": True, "equity_columns": "all", "digest": True},
    "lists": {"layout": "list"},
    "days": {"record": "1d", "trades": False},
    "no curve": {"record": "none"},
    "both paths": {"path": "both"},
    "no params": {"params": None},
    "a failed run": {"params": failing([1])},
    "no run": {"params": sample_params().clear()},
}


def out_of_band(result: op.BatchResult) -> op.BatchResult:
    """Send it through a pickle that hands the tables on without a copy."""
    buffers: list[pickle.PickleBuffer] = []
    data = pickle.dumps(result, protocol=5, buffer_callback=buffers.append)
    assert len(buffers) >= len(NAMES)
    back: op.BatchResult = pickle.loads(data, buffers=buffers)  # noqa: S301 - of two lines above.
    return back


def oldest(result: op.BatchResult) -> op.BatchResult:
    back: op.BatchResult = pickle.loads(pickle.dumps(result, protocol=0))  # noqa: S301 - our own.
    return back


CLONES = [copy.copy, copy.deepcopy, pickled, out_of_band, oldest]


@pytest.mark.parametrize("clone", CLONES)
@pytest.mark.parametrize("name", OPTIONS)
def test_a_clone_has_all_tables(
    backend: str, name: str, clone: Callable[[op.BatchResult], op.BatchResult]
) -> None:
    result = sample_batch(backend, **OPTIONS[name])
    found = clone(result)
    assert_same(found, result)
    assert found.best("total_return").equals(result.best("total_return"))
    assert found._repr_html_() == result._repr_html_()
    assert (repr(found), len(found), found.total) == (repr(result), len(result), result.total)
    assert (found.complete, found.currency) == (result.complete, result.currency)
    for ours, theirs in ((found.params, result.params), (found.times, result.times)):
        assert (ours is None) == (theirs is None)
        assert ours is None or ours.equals(theirs)  # type: ignore[arg-type]
    if name == "both paths":
        assert_same(found.optimistic, result.optimistic)
        assert found.envelope.equals(result.envelope)
    else:
        with pytest.raises(op.InvalidArgument):
            _ = found.optimistic


def test_what_needs_the_batch_says_so(backend: str, tmp_path: Path) -> None:
    result = sample_batch(backend)
    found = pickled(result)
    for call in (found.portfolio, lambda run: found.report(run, tmp_path / "page.html")):
        with pytest.raises(op.InvalidArgument, match="comes from a pickle") as caught:
            call(0)
        assert caught.value.argument == "result"
    assert list(tmp_path.iterdir()) == []
    assert found.plot("total_return").svg == result.plot("total_return").svg
    # A copy in the same process shares the batch.
    for clone in (copy.copy(result), copy.deepcopy([result])[0]):
        assert clone.portfolio(3).digest == result.portfolio(3).digest


def test_a_copy_is_changed_alone(backend: str) -> None:
    result = sample_batch(backend)
    clone = copy.deepcopy(result)
    before = result.final.lazy().collect()["equity"].to_list()
    clone.final[0, "equity"] = -1.0
    assert result.final.lazy().collect()["equity"].to_list() == before


def test_labels_of_any_type_come_back(backend: str) -> None:
    texts = pl.Series("a", ["x", None])
    labels = pl.DataFrame(
        {
            "a": texts,
            "b": texts.cast(pl.Categorical),
            "c": texts.cast(pl.Enum(["y", "x"])),
            "d": [date(2024, 1, 1), None],
            "e": [time(1, 2, 3), None],
            "f": [timedelta(days=1), None],
            "g": [[1, 2], None],
            "h": [{"q": 1}, None],
            "i": [b"\0x", None],
            "j": [Decimal("1.50"), None],
            "k": [True, None],
            "l": pl.Series([datetime(2024, 1, 1), None]).dt.replace_time_zone("Asia/Tokyo"),
            "m": [None, None],
            "n": pl.Series([[1.0, 2.0], None], dtype=pl.Array(pl.Float64, 2)),
            "o": pl.Series([2**64 - 1, None], dtype=pl.UInt64),
        }
    )
    params = labels.with_columns(size=pl.Series([1, 2]), run_id=pl.Series([7, 3]))
    result = sample_batch(backend, params=params, labels=labels.columns)
    found = pickled(result)
    assert found.params.schema == result.params.schema  # type: ignore[union-attr]
    assert len(found.params.schema) == 17
    assert_same(found, result)


def test_a_result_on_disk_is_its_folder(backend: str, tmp_path: Path) -> None:
    folder = tmp_path / "sink"
    result = sample_batch(backend, sink=folder)
    data = pickle.dumps(result)
    assert len(data) < 2_000
    found = pickle.loads(data)  # noqa: S301 - of the line above.
    assert_same(found, result)
    assert found.folder == result.folder == folder
    with pytest.raises(op.InvalidArgument, match="opened from a folder"):
        found.portfolio(0)
    assert copy.deepcopy(result).portfolio(0).digest == result.portfolio(0).digest
    both = sample_batch(backend, sink=tmp_path / "both", path="both")
    assert_same(pickled(both).optimistic, both.optimistic)

    sample_batch(backend, sink=folder, resume=False, leverage=2)
    with pytest.raises(op.InvalidArgument, match="does not have the results") as caught:
        pickle.loads(data)  # noqa: S301 - our own.
    assert caught.value.argument == "folder"
    folder.rename(tmp_path / "elsewhere")
    with pytest.raises(op.InvalidArgument, match="does not have the results"):
        pickle.loads(data)  # noqa: S301 - our own.
    with pytest.raises(op.InvalidArgument, match="has no list"):
        pickle.dumps(result)


def test_another_process_needs_no_compiled_module(backend: str, tmp_path: Path) -> None:
    result = sample_batch(backend)
    path = tmp_path / "result.pickle"
    path.write_bytes(pickle.dumps(result))
    code = (
        f"import pickle, sys\nresult = pickle.load(open({str(path)!r}, 'rb'))\n"
        "print(result.best('total_return', n=1)['run_id'].item())\n"
        "print([name for name in sys.modules if name.endswith('_core') and 'omega' in name])"
    )
    best = result.best("total_return", n=1)["run_id"].item()
    assert run_python(f"{ABSENT}\n{code}") == [str(best), "[]"]


def parts() -> tuple[dict[str, Any], dict[str, bytes]]:
    _, (_, facts, tables, _, _) = form.reduced(sample_batch("python"))
    return facts, {name: bytes(table) for name, table in tables.items()}


def refused(*arguments: Any) -> str:
    with pytest.raises(op.InvalidArgument) as caught:
        form.restored(*arguments)
    assert caught.value.argument == "pickle"
    return caught.value.value


def signed(facts: Any, tables: Any) -> Any:
    """Give the arguments of a pickle whose hash is right."""
    return form.FORM, facts, tables, form._digest(facts, tables), None


def stream(**columns: Any) -> bytes:
    table = pa.table(columns)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


def test_what_is_no_result_is_refused() -> None:
    facts, tables = parts()
    digest = form._digest(facts, tables)
    assert form.restored(form.FORM, facts, tables, digest, None).total == 12
    for number in (0, form.FORM + 1, "1", None, True):
        assert "form" in refused(number, facts, tables, digest, None)
    for bad in (None, {}, {**facts, "total": "12"}, {**facts, "more": 1}, {**facts, "total": True}):
        assert "facts" in refused(form.FORM, bad, tables, digest, None)
    less = {name: table for name, table in tables.items() if name != "final"}
    for none in (None, [], less, {**tables, "more": b""}):
        assert "tables" in refused(form.FORM, facts, none, digest, None)
    assert "no bytes" in refused(form.FORM, facts, {**tables, "final": "text"}, digest, None)
    assert "hash" in refused(form.FORM, {**facts, "complete": False}, tables, digest, None)
    for other in (None, b"", "x"):
        assert "hash" in refused(form.FORM, facts, tables, other, None)
    assert "second pass" in refused(form.FORM, facts, tables, digest, 5)
    for folder, identity in ((None, {}), ("no/such", {})):
        with pytest.raises(op.InvalidArgument):
            form.opened(form.FORM, folder, identity, None)


@pytest.mark.parametrize(
    ("name", "table", "part"),
    [
        ("final", b"", "table final"),
        ("final", b"\0" * 64, "table final"),
        ("trades", stream(x=[1]), "no column run_id"),
        ("trades", stream(run_id=[1]), "run_id of the right type"),
        ("equity", stream(run_id=pa.array([1], pa.decimal256(5, 0))), "cannot hold decimal256"),
        ("metrics", stream(run_id=pa.array([1], pa.uint32())), "no column total_return"),
        ("times", stream(time=["a"]), "no column time of the right type"),
        ("params", stream(a=pa.array([{1: 2}], pa.map_(pa.int8(), pa.int8()))), "cannot hold map"),
    ],
)
def test_a_table_that_is_none_is_refused(name: str, table: bytes, part: str) -> None:
    facts, tables = parts()
    assert part in refused(*signed(facts, {**tables, name: table}))


def test_a_forged_pickle_never_ends_the_process() -> None:
    facts, tables = parts()
    draw, found = Random(1), {"refused": 0, "taken": 0}
    for _ in range(1_500):
        name = draw.choice(list(tables))
        data = bytearray(tables[name])
        for _ in range(draw.randint(1, 3)):
            # Most of what can go wrong stands in front, where the types are.
            place = draw.randrange(min(len(data), draw.choice([400, 3_000, len(data)])))
            data[place] = draw.choice([0, 255, data[place] ^ (1 << draw.randrange(8))])
        forged = {
            **tables,
            name: bytes(data[: draw.choice([len(data), draw.randrange(len(data))])]),
        }
        assert forged[name] == tables[name] or "hash" in refused(
            form.FORM, facts, forged, form._digest(facts, tables), None
        )
        try:
            form.restored(*signed(facts, forged))
        except op.InvalidArgument:
            found["refused"] += 1
        else:
            found["taken"] += 1
    assert min(found.values()) > 100, found


def test_a_label_of_a_scale_beyond_all_numbers_is_refused(backend: str) -> None:
    digits = pa.array([1, 2], pa.decimal128(38, 0)).buffers()
    for scale in (-39, 39):
        label = pa.Array.from_buffers(pa.decimal128(38, scale), 2, digits)
        params = pa.table({"size": [1, 2], "label": label})
        with pytest.raises(op.InvalidFrame, match="column label"):
            sample_batch(backend, params=params, labels=["label"])
