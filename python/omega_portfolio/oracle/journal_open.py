"""Journals begun, opened again, and looked at (SPEC J5, J9)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final, NamedTuple

from omega_portfolio.errors import (
    DurabilityError,
    JournalCorrupt,
    JournalExists,
    JournalLocked,
    JournalNotFound,
    JournalVersion,
)
from omega_portfolio.oracle import salvage, snapshots
from omega_portfolio.oracle.codec import Configuration
from omega_portfolio.oracle.journal_disk import (
    JournalFile,
    begin,
    remove_temporaries,
    removed_on_error,
)
from omega_portfolio.oracle.journal_format import (
    BEGINNING,
    SALT_BYTES,
    SYNC_MODES,
    Header,
    read_header,
)
from omega_portfolio.oracle.journal_recover import (
    Found,
    Marks,
    Place,
    Reading,
    judge,
    look_through,
)
from omega_portfolio.oracle.journal_writer import Begun, JournalWriter, Options
from omega_portfolio.oracle.ledger import Ledger
from omega_portfolio.recovery import Recovery

_TRIES: Final = 3


class Request(NamedTuple):
    """How a journal is opened; ``sync`` None is the mode of its last opening."""

    sync: str | None
    interval_ms: int
    snapshot_every: int | None
    floats: int
    salvage: bool

    def options(self, mode: int) -> Options:
        """Give how it is written, when its last mode is known."""
        sync = mode if self.sync is None else SYNC_MODES.index(self.sync)
        return Options(sync, self.interval_ms, self.snapshot_every, self.floats)


class Opened(NamedTuple):
    """An account out of a journal, and what writes on; nothing does when it was only looked at."""

    ledger: Ledger
    writer: JournalWriter | None
    report: Recovery


def create(path: Path, configuration: Configuration, options: Options) -> JournalWriter:
    """Begin a journal where nothing is.

    Raises
    ------
    JournalExists
        There is something with this name, or a snapshot of an older journal.
    DurabilityError
        The system refuses it.
    """
    if os.path.lexists(path):
        raise _exists(path, "there is something with this name")
    older = snapshots.names_beside(path)
    if older:
        raise _exists(path, f"{older[0]} lies there, a snapshot of an older journal")
    data = Header(options.sync, os.urandom(SALT_BYTES), configuration).to_bytes()
    try:
        file = begin(path, data)
    except FileExistsError:
        raise _exists(path, "there is something with this name") from None
    except OSError as error:
        raise _refused(path, "cannot be created", error) from error
    header, length, crc = read_header(data)
    begun = Begun(path, file, header.salt, Place(length, crc, 0, 0), Marks(0, 0), ())
    try:
        with removed_on_error(path):
            return JournalWriter(begun, options)
    except OSError as error:
        file.close()
        raise _refused(path, "cannot be created", error) from error
    except BaseException:
        file.close()
        raise


def open_again(path: Path, request: Request) -> Opened:
    """Open a journal to go on with it.

    Raises
    ------
    JournalNotFound, JournalLocked
        There is no file, or another writer has it.
    JournalVersion, JournalCorrupt
        It is of a later version; it is damaged, and nothing can or shall be saved.
    DurabilityError
        The system refuses it.
    """
    file = _locked(path)
    try:
        found = look_through(path, file.read())
        report = found.report()
        if found.verdict == "corrupt" and request.salvage:
            saved = salvage.save(found)
            if saved is None:
                raise _corrupt(found, "take a backup: nothing beside it can stand in for it")
            file.close()
            file, found, report = saved
        reading, header = _good(found)
        if found.verdict == "torn":
            file.cut(reading.place.length)
        file.sync()
        remove_temporaries(path)
        good = tuple(each.name for each in found.snapshots if not each.why)
        begun = Begun(path, file, header.salt, reading.place, reading.marks, good)
        writer = JournalWriter(begun, request.options(reading.mode))
    except OSError as error:
        file.close()
        raise _refused(path, "cannot be opened", error) from error
    except BaseException:
        file.close()
        raise
    try:
        writer.begin_again()
    except BaseException:
        writer.close(None)
        raise
    return Opened(reading.ledger, writer, report)


def look(path: Path) -> Opened:
    """Read a journal and leave it as it is.

    Raises
    ------
    JournalNotFound, JournalVersion, JournalCorrupt
        There is no file; it is of a later version, or damaged.
    DurabilityError
        It cannot be read.
    """
    found = _found(path)
    reading, _ = _good(found)
    return Opened(reading.ledger, None, found.report())


def inspect(path: Path) -> Recovery:
    """Say what a journal is, whatever it is.

    Raises
    ------
    JournalNotFound
        There is no file.
    DurabilityError
        It cannot be read.
    """
    return _found(path).report()


def _locked(path: Path) -> JournalFile:
    for _ in range(_TRIES):
        _require_file(path)
        try:
            file = JournalFile.open(path)
        except (FileNotFoundError, NotADirectoryError):
            raise _not_found(path, "there is no such file") from None
        except OSError as error:
            raise _refused(path, "cannot be opened", error) from error
        try:
            if not file.lock():
                break
            # Somebody else may have put a salvaged file in its place before it was locked.
            if file.is_at(path):
                return file
        except OSError as error:
            file.close()
            raise _refused(path, "cannot be locked", error) from error
        file.close()
    file.close()
    raise JournalLocked(
        "journal", str(path), "another portfolio writes it", "close that one, or fork it"
    )


def _found(path: Path) -> Found:
    _require_file(path)
    try:
        # Before the journal: a writer may be at work, and it has what its snapshots have.
        beside = tuple(snapshots.look_at(path, name) for name in snapshots.names_beside(path))
    except OSError as error:
        raise _refused(path.parent, "cannot be read", error) from error
    try:
        data = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        raise _not_found(path, "there is no such file") from None
    except OSError as error:
        raise _refused(path, "cannot be read", error) from error
    return judge(path, data, beside)


def _good(found: Found) -> tuple[Reading, Header]:
    """Give what can be gone on with, or refuse it."""
    if found.verdict == "newer":
        remedy = "open it with a later version of this package"
        raise JournalVersion("journal", str(found.path), found.reason, remedy)
    if found.verdict == "corrupt" or found.reading is None or found.header is None:
        raise _corrupt(found)
    return found.reading, found.header


def _corrupt(found: Found, remedy: str = "") -> JournalCorrupt:
    if found.reason == BEGINNING:
        remedy = "remove it: it has never acknowledged anything"
    elif not remedy:
        remedy = "keep the file, and open it with salvage=True or take a backup"
    return JournalCorrupt("journal", str(found.path), found.reason, remedy)


def _require_file(path: Path) -> None:
    """Refuse a folder, and a pipe, which would be waited for."""
    if os.path.lexists(path) and not path.is_file():
        raise _not_found(path, "is a folder" if path.is_dir() else "is no file")


def _not_found(path: Path, rule: str) -> JournalNotFound:
    return JournalNotFound("journal", str(path), rule, "pass the path of a journal")


def _exists(path: Path, rule: str) -> JournalExists:
    return JournalExists(
        "journal", str(path), rule, "open it with open_journal, or take a new name"
    )


def _refused(path: Path, what: str, error: OSError) -> DurabilityError:
    return DurabilityError(
        "journal",
        str(path),
        f"{what}: {error.strerror or error}",
        "take a path where this process may write",
    )
