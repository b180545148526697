"""The golden journal: the bytes of the format do not change (SPEC J1, J2, J11)."""

from __future__ import annotations

import json
from pathlib import Path

import omega_portfolio as op
from golden_journal import FOLDER, NAME, all_kinds, facts, read, write
from omega_portfolio.oracle.journal_format import Frames, read_header
from omega_portfolio.oracle.journal_scan import frames_behind

FACTS = json.loads((FOLDER / "facts.json").read_text("ascii"))
FILES = [NAME, *FACTS["snapshots"]]


def test_both_backends_write_the_golden_files(backend: str, tmp_path: Path) -> None:
    files = write(tmp_path, backend)
    assert sorted(files) == sorted(FILES)
    for name in FILES:
        assert files[name] == read(name), name


def test_both_backends_read_the_golden_files(backend: str, tmp_path: Path) -> None:
    for name in FILES:
        (tmp_path / name).write_bytes(read(name))
    assert facts(tmp_path, backend) == FACTS
    with op.open_journal(tmp_path / NAME, backend=backend) as portfolio:
        portfolio.verify()
        assert portfolio.digest == FACTS["digest"]


def test_every_kind_of_frame_is_read(backend: str, tmp_path: Path) -> None:
    data = read("kinds.journal")
    assert data == all_kinds(read(NAME), FACTS["digest"])
    header, length, _ = read_header(data)
    kinds = [frame.body[0] for frame in frames_behind(Frames(header.salt), data, length).frames]
    assert len(kinds) == FACTS["frames"] + 2
    assert set(kinds) == set(range(1, 8))
    path = tmp_path / "kinds.journal"
    path.write_bytes(data)
    found = op.inspect_journal(path, backend=backend)
    assert (found.verdict, found.frames) == ("clean", len(kinds))
    assert (found.digest, found.closed) == (FACTS["digest"], False)
