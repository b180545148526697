"""Files: one that is appended to under a lock, and files that appear whole or not at all.

Everything that the operating system is asked for on the way of a journal goes through here, so
that tests can let each of these steps fail.
"""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

try:
    import fcntl
except ImportError:  # pragma: no cover - a system without POSIX.
    fcntl = None  # type: ignore[assignment]

_TOKEN_BYTES: Final = 6
_TAKEN: Final = (errno.EWOULDBLOCK, errno.EACCES)

# What systems say whose folders know no second name of a file.
_NO_LINKS: Final = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EXDEV)


class JournalFile:
    """A file that is open for reading and for appending.

    Parameters
    ----------
    descriptor : int
        It is closed by :meth:`close` alone.
    """

    __slots__ = ("_descriptor",)

    def __init__(self, descriptor: int) -> None:
        self._descriptor: int | None = descriptor

    @classmethod
    def open(cls, path: Path, flags: int = 0) -> JournalFile:
        """Open a file that is there, or one to be made with ``O_CREAT`` among the flags.

        Raises
        ------
        OSError
            The system refuses it.
        """
        binary: int = getattr(os, "O_BINARY", 0)
        return cls(os.open(path, os.O_RDWR | os.O_APPEND | binary | flags, 0o666))

    @property
    def descriptor(self) -> int:
        """The open descriptor.

        Raises
        ------
        OSError
            The file is closed.
        """
        if self._descriptor is None:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        return self._descriptor

    def lock(self) -> bool:
        """Take the lock of the only writer; False when somebody else has it.

        Raises
        ------
        OSError
            The system has no such locks.
        """
        if fcntl is None:  # pragma: no cover - a system without POSIX.
            raise OSError(errno.ENOTSUP, "the Python backend needs a system with flock")
        try:
            fcntl.flock(self.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in _TAKEN:
                return False
            raise
        return True

    def is_at(self, path: Path) -> bool:
        """Tell whether the file still has this name."""
        try:
            return os.path.samestat(os.fstat(self.descriptor), path.stat())
        except FileNotFoundError:
            return False

    def read(self) -> bytes:
        """Read all of it."""
        with os.fdopen(os.dup(self.descriptor), "rb") as file:
            file.seek(0)
            return file.read()

    def write(self, data: bytes | bytearray) -> None:
        """Append all of some bytes; an error may leave a part of them."""
        rest = memoryview(data)
        while rest:
            written = os.write(self.descriptor, rest)
            if written == 0:
                raise OSError(errno.EIO, "nothing was written")
            rest = rest[written:]

    def sync(self) -> None:
        """Wait until all that was written is on the disk."""
        sync_descriptor(self.descriptor)

    def cut(self, length: int) -> None:
        """Drop what stands behind a length."""
        os.ftruncate(self.descriptor, length)

    def unlock(self) -> None:
        """Give the lock back, for all processes that share the open file."""
        if fcntl is not None:
            fcntl.flock(self.descriptor, fcntl.LOCK_UN)

    def close(self) -> None:
        """Close the descriptor; the second time does nothing."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)


def sync_descriptor(descriptor: int) -> None:
    """Wait until a file is on the disk, and not only in the cache of the drive."""
    full: int | None = getattr(fcntl, "F_FULLFSYNC", None)
    if full is None:
        os.fsync(descriptor)
    else:  # pragma: no cover - macOS.
        fcntl.fcntl(descriptor, full)


def sync_folder(folder: Path) -> None:
    """Wait until the names in a folder are on the disk."""
    if os.name == "nt":  # pragma: no cover - there a folder cannot be opened.
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def rename(source: Path, target: Path) -> None:
    """Give a file another name, and take the place of what has it."""
    os.replace(source, target)  # noqa: PTH105 - the steps of tests that fail are those of os.


def remove(path: Path) -> None:
    """Remove a file."""
    os.unlink(path)  # noqa: PTH108 - as above.


def temporary(path: Path) -> Path:
    """Give a name beside a file that nothing has."""
    return path.with_name(f".{path.name}.tmp-{secrets.token_hex(_TOKEN_BYTES)}")


def remove_temporaries(path: Path) -> None:
    """Remove what a crash has left of files that stood under another name beside a journal.

    Raises
    ------
    OSError
        The system refuses it.
    """
    beginning = f".{path.name}.tmp-"
    for entry in list(path.parent.iterdir()):
        if entry.name.startswith(beginning):
            remove(entry)


@contextmanager
def removed_on_error(path: Path) -> Iterator[None]:
    """Remove a temporary file when something goes wrong with it."""
    try:
        yield
    except BaseException:
        # The error that is under way says more than that the file stays.
        with suppress(OSError):
            remove(path)
        raise


def write_named(path: Path, data: bytes, journal: Path) -> None:
    """Write a file that has its name only when it is on the disk.

    Parameters
    ----------
    path : Path
        The name; what has it is replaced.
    data : bytes
        All of the file.
    journal : Path
        The journal that it belongs to; without its name it is called after this one.

    Raises
    ------
    OSError
        The system refuses it.
    """
    _whole(temporary(journal), data, lambda hidden: rename(hidden, path)).close()
    sync_folder(path.parent)


def replaced(path: Path, data: bytes) -> JournalFile:
    """Put a file in the place of another: locked and on the disk before it has its name.

    Raises
    ------
    OSError
        The system refuses it.
    """
    return _synced_in(path, _whole(temporary(path), data, lambda hidden: rename(hidden, path)))


def begin(path: Path, data: bytes) -> JournalFile:
    """Make a file that did not exist: locked and on the disk before it has its name.

    Raises
    ------
    FileExistsError
        Something has the name.
    OSError
        The system refuses it.
    """
    file = _whole(temporary(path), data, lambda hidden: _name_new(hidden, path))
    # A journal of which nobody knows is none.
    with removed_on_error(path):
        return _synced_in(path, file)


def _whole(hidden: Path, data: bytes, give_name: Callable[[Path], None]) -> JournalFile:
    """Write a file without its name, locked; then give it the name."""
    file = JournalFile.open(hidden, os.O_CREAT | os.O_EXCL)
    try:
        with removed_on_error(hidden):
            file.lock()
            file.write(data)
            file.sync()
            give_name(hidden)
    except BaseException:
        file.close()
        raise
    return file


def _synced_in(path: Path, file: JournalFile) -> JournalFile:
    try:
        sync_folder(path.parent)
    except BaseException:
        file.close()
        raise
    return file


def _name_new(hidden: Path, path: Path) -> None:
    """Give a file a name that nothing has; of two who do so, one gets an error."""
    try:
        os.link(hidden, path)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        # An empty file keeps the place until the rename.
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
        rename(hidden, path)
    else:
        # The file has its name. The other one goes with the next opening.
        with suppress(OSError):
            remove(hidden)
