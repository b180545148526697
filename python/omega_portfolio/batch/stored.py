"""The result of a batch that lies in a folder, with the batch at hand or without it."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from omega_portfolio.batch.facts import Facts
from omega_portfolio.batch.manifest import part_is_there, part_is_whole, read_manifest
from omega_portfolio.batch.result import BatchResult
from omega_portfolio.batch.sink import read_params, read_times, scanned
from omega_portfolio.errors import InvalidArgument, describe, describe_path

if TYPE_CHECKING:
    from omega_portfolio.batch.manifest import Manifest

PASSES: Final = ("pessimistic", "optimistic")
"""The two passes of ``path="both"``, and their folders below a sink."""


def result_of(folder: Path, manifest: Manifest, facts: Facts) -> BatchResult:
    """Give the result over the files of a folder, of one part at least."""
    known = replace(facts, complete=manifest.complete, folder=folder, times=read_times(folder))
    return BatchResult(scanned(folder, manifest), known)


def open_result(folder: object, *, verify: object) -> BatchResult:
    """Give what a sink holds; see :meth:`omega_portfolio.BatchResult.open`."""
    if not isinstance(folder, str | os.PathLike):
        raise InvalidArgument("folder", describe(folder), "is no path", "name the folder of a sink")
    if not isinstance(verify, bool):
        rule = "is neither True nor False"
        raise InvalidArgument("verify", describe(verify), rule, "pass a bool")
    path = Path(os.fsdecode(folder))
    below = [path / name for name in PASSES]
    if all((one / "manifest.json").exists() for one in below):
        worse, better = (open_folder(one, verify=verify) for one in below)
        return worse.with_optimistic(better)
    return open_folder(path, verify=verify)


def open_folder(folder: Path, *, verify: bool) -> BatchResult:
    """Give the tables of one pass."""
    manifest = read_manifest(folder)
    if manifest is None or not manifest.parts:
        rule = "holds no part of a batch"
        raise InvalidArgument("folder", describe_path(folder), rule, "name the folder of a sink")
    check = part_is_whole if verify else part_is_there
    for part in manifest.parts.values():
        if not check(folder, part):
            raise InvalidArgument(
                "folder",
                describe_path(folder),
                f"has a part that is not what it was: {part.number}",
                "call run_batch with the same arguments and sink=, which makes it anew",
            )
    facts = Facts(None, read_params(folder), {}, manifest.currency, manifest.runs)
    return result_of(folder, manifest, facts)


__all__ = ["PASSES", "open_folder", "open_result", "result_of"]
