"""The golden journal: written once, read and written by both backends ever since.

Run this module to write ``tests/golden/journal`` anew after a change of the format, which is a
change of SPEC section 21 and of its version.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import textwrap
from pathlib import Path
from typing import Any
from unittest import mock

import omega_portfolio as op
from journals import lived
from omega_portfolio.oracle.journal_format import DIGEST, Frames, Proof, Synced, read_header

FOLDER = Path(__file__).parent / "golden" / "journal"
SALT = bytes.fromhex("6f6d656761206a6f75726e616c203031")
NAME = "life.journal"


def write(folder: Path, backend: str) -> dict[str, bytes]:
    """Write the journal and its snapshots with one backend; give the files."""
    path = folder / NAME
    with mock.patch.object(os, "urandom", lambda count: SALT[:count]):
        lived(path, backend, sync="always", snapshot_every=11).close()
    with op.open_journal(path, sync="os", backend=backend) as again:
        again.deposit("0.01", "2024-01-02")
    return {entry.name: entry.read_bytes() for entry in sorted(folder.iterdir())}


def all_kinds(journal: bytes, digest: str) -> bytes:
    """Append a frame of each kind that a short life does not have: a digest, and a sync."""
    header, _, _ = read_header(journal)
    frames = Frames(header.salt)
    at = journal.rindex(frames.marker)
    last = frames.read(journal, at)
    assert last is not None
    number = int.from_bytes(last.body[1:9], "little")
    data, link = bytearray(journal), last.crc
    for body in (Proof(DIGEST, number, bytes.fromhex(digest)), Synced(len(journal))):
        sealed, link = frames.seal(body.to_bytes(), link)
        data += sealed
    return bytes(data)


def facts(folder: Path, backend: str) -> dict[str, Any]:
    """Give what is found in a folder, without its place."""
    found = op.inspect_journal(folder / NAME, backend=backend)
    return {
        "verdict": found.verdict,
        "sync": found.sync,
        "events": found.events,
        "frames": found.frames,
        "length": found.length,
        "closed": found.closed,
        "digest": found.digest,
        "snapshots": [each.name for each in found.snapshots if each.good],
    }


def read(name: str) -> bytes:
    """Read a golden file."""
    return bytes.fromhex((FOLDER / f"{name}.hex").read_text("ascii"))


def main() -> None:
    """Write the golden files."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = write(folder, "python")
        found = facts(folder, "python")
    files["kinds.journal"] = all_kinds(files[NAME], found["digest"])
    FOLDER.mkdir(parents=True, exist_ok=True)
    for entry, data in files.items():
        text = "\n".join(textwrap.wrap(data.hex(), 64)) + "\n"
        (FOLDER / f"{entry}.hex").write_text(text, "ascii")
    (FOLDER / "facts.json").write_text(json.dumps(found, indent=2) + "\n", "ascii")


if __name__ == "__main__":
    sys.exit(main())
