"""A program as an engine: it is asked with lines of JSON. Only the standard library is needed.

A program that does not answer in time is ended, so that it costs its own answers and no others.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import shlex
import signal
import subprocess
import threading
from typing import Any, Final

Json = dict[str, Any]
CLOSE_SECONDS: Final = 10.0
SHOWN: Final = 60
"""So many characters of a line that is not JSON are shown."""


class Program:
    """A program that is asked with a line of JSON, and answers with one.

    Parameters
    ----------
    command : str
        The program and its arguments; quotes hold together what has blanks.
    timeout : float
        Seconds for each answer; a program that needs longer is ended.
    """

    def __init__(self, command: str, timeout: float = 60.0) -> None:
        words = words_of(command, posix=os.name != "nt")
        if not words:
            raise ValueError("the command is empty")
        self._timeout = timeout
        self._ended = ""
        self._asked: set[str] = set()
        self._stray = False
        # Without buffers no thread holds a lock of one when the interpreter ends. The session of
        # its own lets what the program has started be ended with it.
        self._process = subprocess.Popen(  # noqa: S603
            words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0,
            start_new_session=os.name != "nt",
        )  # fmt: skip
        self._lines: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._questions: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        threading.Thread(target=self._read, daemon=True).start()
        threading.Thread(target=self._write, daemon=True).start()

    def _read(self) -> None:
        """Gather lines; None is the end."""
        source, rest = self._process.stdout, b""
        if source is None:
            return
        with source:
            while octets := source.read(1 << 16):
                *lines, rest = (rest + octets).split(b"\n")
                for line in lines:
                    self._lines.put(line)
        if rest:
            self._lines.put(rest)
        self._lines.put(None)

    def _write(self) -> None:
        """Write the questions: a program that reads none must not hold up who waits for it."""
        sink = self._process.stdin
        if sink is None:
            return
        # When the program has ended, the reader notices it.
        with contextlib.suppress(OSError), sink:
            while (octets := self._questions.get()) is not None:
                while octets:
                    octets = octets[sink.write(octets) :]

    def _answer(self) -> Json:
        """Wait for a line.

        Raises
        ------
        RuntimeError
            The program ended, did not answer in time, or its line is no object of JSON.
        """
        if self._ended:
            raise RuntimeError(self._ended)
        try:
            line = self._lines.get(timeout=self._timeout)
        except queue.Empty:
            self._kill()
            self._ended = f"the program was ended: no answer in {self._timeout:g} s"
            raise RuntimeError(self._ended) from None
        if line is None:
            self._ended = f"the program ended{self._status()}"
            raise RuntimeError(self._ended)
        with contextlib.suppress(ValueError):
            answer = json.loads(line.decode("utf-8"))
            if isinstance(answer, dict):
                return answer
        self._stray = True
        shown = line.decode("utf-8", "backslashreplace").strip()[:SHOWN]
        raise RuntimeError(f"this line is no answer: {shown!r}")

    def _ask(self, question: Json) -> Json:
        self._questions.put(json.dumps(question).encode() + b"\n")
        return self._answer()

    def hello(self) -> Json:
        """Ask who answers."""
        return self._ask({"hello": {"version": "1"}})

    def run(self, case: Json) -> Json:
        """Ask for the answers to a case.

        Raises
        ------
        RuntimeError
            There is no answer; or nobody knows to which case one belongs, as a line before it was
            none and it has no ``id``.
        """
        name = case["id"]
        self._asked.add(name)
        answer = self._ask({"case": case})
        while self._stray:
            if "id" not in answer:
                raise RuntimeError("after a line that was no answer each one needs its id")
            if answer["id"] == name or answer["id"] not in self._asked:
                break
            # What was asked before, and was given up when the other line came.
            answer = self._answer()
        return answer

    def _status(self) -> str:
        try:
            return f" with {self._process.wait(CLOSE_SECONDS)}"
        except subprocess.TimeoutExpired:
            return "; it closed its output and went on"

    def _kill(self) -> None:
        if os.name != "nt":
            with contextlib.suppress(OSError):
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.kill()
        self._process.wait()

    def close(self, seconds: float = CLOSE_SECONDS) -> str:
        """End the questions and wait for the program; give what was wrong with its end, or nothing.

        A program that goes on is ended.
        """
        self._questions.put(None)
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._kill()
            return (
                f"the program went on when there were no more questions; ended after {seconds:g} s"
            )
        return ""


def words_of(command: str, *, posix: bool) -> list[str]:
    r"""Divide a command line; on Windows a ``\`` is part of a path.

    Raises
    ------
    ValueError
        A quote has no end.
    """
    words = shlex.split(command, posix=posix)
    return words if posix else [_unquoted(word) for word in words]


def _unquoted(word: str) -> str:
    quoted = len(word) > 1 and word[0] == word[-1] and word[0] in "\"'"
    return word[1:-1] if quoted else word
