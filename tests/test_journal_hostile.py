"""Files that were made to cost time: a search for frames ends (SPEC J8)."""

from __future__ import annotations

from pathlib import Path

import pytest

import omega_portfolio as op
from conftest import _chosen_backends
from journals import begun
from omega_portfolio.oracle.journal_format import IN_VAIN, Frame, Frames, read_header
from omega_portfolio.oracle.journal_scan import frames_behind

BACKENDS = _chosen_backends()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run.journal"


def crafted(path: Path, monkeypatch: pytest.MonkeyPatch, marker: bytes) -> tuple[bytes, bytes]:
    """Begin a journal with a marker that is a length too; give it, and the frame behind it."""
    with monkeypatch.context() as patch:
        patch.setattr("os.urandom", lambda count: marker + bytes(count - 4))
        portfolio = begun(path, "python")
    portfolio.deposit(1, 1)
    portfolio.deposit(1, 2)
    data = path.read_bytes()
    portfolio.close()
    header, length, _ = read_header(data)
    last: Frame = frames_behind(Frames(header.salt), data, length).frames[-1]
    return data[: last.at], data[last.at :]


def found(path: Path, data: bytes) -> tuple[bool, int | None]:
    """Give whether the search was given up, and the events that are known to be lost."""
    path.write_bytes(data)
    told = [op.inspect_journal(path, backend=name) for name in BACKENDS]
    # A frame may be there that nobody looked for: such a file is never cut as if it were torn.
    assert {one.verdict for one in told} == {"corrupt"}
    (answer,) = {("at least" in one.reason, one.lost_events) for one in told}
    return answer


def test_a_megabyte_of_markers(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    marker = (1 << 19).to_bytes(4, "little")
    good, frame = crafted(path, monkeypatch, marker)
    # Each marker asks for the half of the file; all of them are 60,000 times as long as it.
    data = good + marker * (1 << 17) + bytes(1 << 19) + frame
    assert found(path, data) == (True, None)
    with pytest.raises(op.JournalCorrupt):
        op.open_journal(path)
    assert path.read_bytes() == data


def test_both_backends_give_up_at_the_same_place(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    length, markers = 4096, 80
    marker = length.to_bytes(4, "little")
    good, frame = crafted(path, monkeypatch, marker)
    # The last marker has no length behind it.
    in_vain = (markers - 1) * length
    least = len(good) + 4 * markers + length + len(frame)
    limit = in_vain // IN_VAIN
    assert least < limit
    for size in (limit - 1, limit, limit + 1):
        zeros = size - len(good) - 4 * markers - len(frame)
        data = good + marker * markers + bytes(zeros) + frame
        assert len(data) == size
        assert found(path, data) == (in_vain > IN_VAIN * size, None)
