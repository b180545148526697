"""Workers of our own: processes that are started when there is work, and again when one dies.

A worker is a clean interpreter that gets shards through its standard input and answers through a
pipe of its own, so that nothing it prints comes between. It does not import the caller's program,
and it ends when the caller does.
"""

from __future__ import annotations

import json
import os
import pickle
import queue
import subprocess
import sys
import threading
from multiprocessing.spawn import get_executable
from typing import IO, TYPE_CHECKING, Any, Final

from omega_portfolio.batch.shards import Lost
from omega_portfolio.batch.worker import receive, send, skip_to

if TYPE_CHECKING:
    from pathlib import Path

    from omega_portfolio.batch.scratch import Call, Scratch
    from omega_portfolio.batch.shards import Ended, Shard
    from omega_portfolio.batch.worker import Job

# The folder of the caller must not stand in front of the library before the path is there.
_PROGRAM: Final = (
    "import sys; sys.path = [one for one in sys.path if one]; import json; "
    "sys.path = json.loads(sys.stdin.buffer.readline()); "
    "from omega_portfolio.batch.worker import serve; serve()"
)
_MARK_BYTES: Final = 16


class Worker:
    """One process.

    Parameters
    ----------
    alive : Path
        The file that is there while the caller wants runs.
    path : list of str
        Where it finds modules.

    Raises
    ------
    OSError
        It cannot be started.
    """

    def __init__(self, alive: Path, path: list[str]) -> None:
        self._alive = alive
        self._path = path
        # A group of its own does not hear the Ctrl-C of a terminal.
        own: dict[str, Any] = {"start_new_session": True}
        if os.name == "nt":
            own = {"creationflags": getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)}
        executable = os.fsdecode(get_executable())
        # What is read before this mark was printed while the interpreter began.
        self._mark = os.urandom(_MARK_BYTES).hex().encode()
        program = [executable, "-c", _PROGRAM, self._mark.decode()]
        if os.name == "nt":
            # Only standard handles are sure to reach a child there.
            self._process = self._begun(program, stdout=subprocess.PIPE, **own)
            self._answers = self._process.stdout
        else:
            self._process, self._answers = self._with_pipe(program, **own)
        self._is_greeted = False

    @staticmethod
    def _begun(program: list[str], **own: Any) -> subprocess.Popen[bytes]:  # noqa: ANN401
        # This interpreter, and a program of ours.
        return subprocess.Popen(program, stdin=subprocess.PIPE, **own)  # noqa: S603

    def _with_pipe(
        self,
        program: list[str],
        **own: Any,  # noqa: ANN401 - of Popen.
    ) -> tuple[subprocess.Popen[bytes], IO[bytes]]:
        """Start a worker with a pipe beside the standard ones."""
        answers, theirs = os.pipe()
        try:
            own.update(pass_fds=(theirs,), stdout=_errors())
            process = self._begun([*program, str(theirs)], **own)
        except BaseException:
            os.close(answers)
            raise
        finally:
            os.close(theirs)
        return process, os.fdopen(answers, "rb")

    def asked(self, job: Job, shard: Shard) -> Any:  # noqa: ANN401 - an answer or an exception.
        """Have a shard made.

        Raises
        ------
        EOFError, OSError
            The process has died.
        """
        tasks, answers = self._process.stdin, self._answers
        if tasks is None or answers is None:
            raise EOFError("a worker without pipes")
        task = pickle.dumps((job, *shard))
        greets, self._is_greeted = not self._is_greeted, True
        if greets:
            tasks.write(json.dumps(self._path).encode() + b"\n")
            send(tasks, str(self._alive).encode())  # type: ignore[arg-type]
        send(tasks, task)  # type: ignore[arg-type]
        if greets:
            skip_to(answers, self._mark)  # type: ignore[arg-type]
        answer = receive(answers)  # type: ignore[arg-type]
        return pickle.loads(answer)  # noqa: S301 - of our own child.

    def kill(self) -> int:
        """End the process at once, and give its exit code."""
        self._process.kill()
        code = self._process.wait()
        for pipe in (self._process.stdin, self._answers):
            if pipe is not None:
                try:
                    pipe.close()
                except OSError:
                    # What was to be written has no reader any more.
                    continue
        return code


def _errors() -> int:
    """Give where workers print to: standard error, unless this process has none."""
    try:
        os.fstat(2)
    except OSError:
        return subprocess.DEVNULL
    return 2


def _path_here() -> list[str]:
    """Give where this process finds modules, with its folder by name.

    Raises
    ------
    OSError
        The folder is gone; no interpreter begins in such a place.
    """
    here = os.getcwd()  # noqa: PTH109 - as a text.
    return [str(one) or here for one in sys.path]


class Processes:
    """Workers on this machine, each with a thread here that feeds it."""

    def __init__(self, workers: int, threads: int, scratch: Scratch) -> None:
        self.workers = workers
        self._threads = threads
        self._scratch = scratch
        self._path = _path_here()
        self._tasks: queue.SimpleQueue[tuple[Job, Shard] | None] = queue.SimpleQueue()
        self._ended: queue.SimpleQueue[Ended] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._feeders: list[threading.Thread] = []
        self._alive: set[Worker] = set()
        self._under_way = 0
        self._closed = False

    def job(self, call: Call) -> Job:
        """Write what the workers read."""
        return self._scratch.job(call, self._threads)

    def start(self, job: Job, shard: Shard) -> None:
        """Give a shard to the next worker that has nothing to do."""
        self._tasks.put((job, shard))
        self._under_way += 1
        if len(self._feeders) < min(self.workers, self._under_way):
            feeder = threading.Thread(target=self._feed, daemon=True)
            feeder.start()
            # Only threads that run are waited for.
            self._feeders.append(feeder)

    def ended(self, seconds: float) -> list[Ended]:
        """Wait for a shard."""
        try:
            found = self._ended.get(timeout=seconds)
        except queue.Empty:
            return []
        self._under_way -= 1
        return [found]

    def close(self) -> None:
        """End all workers; a worker has nothing that could be lost."""
        with self._lock:
            self._closed = True
            alive = list(self._alive)
        for worker in alive:
            worker._process.kill()
        for _ in self._feeders:
            self._tasks.put(None)
        for feeder in self._feeders:
            feeder.join()

    def _feed(self) -> None:
        """Keep one worker busy, and start another one in the place of one that died."""
        worker: Worker | None = None
        while (task := self._tasks.get()) is not None:
            job, shard = task
            try:
                worker = worker or self._started()
            except Exception as error:  # noqa: BLE001 - raised where the runs are waited for.
                # That is a fault of this machine, and no worker that has died.
                self._ended.put((shard, error))
                continue
            if worker is None:
                return
            try:
                self._ended.put((shard, worker.asked(job, shard)))
            except (EOFError, OSError):
                reason = f"exit code {self._buried(worker)}"
                worker = None
                self._ended.put((shard, Lost(reason)))
            except Exception as error:  # noqa: BLE001 - raised where the runs are waited for.
                self._ended.put((shard, error))
        if worker is not None:
            self._buried(worker)

    def _started(self) -> Worker | None:
        with self._lock:
            if self._closed:
                return None
            worker = Worker(self._scratch.alive, self._path)
            self._alive.add(worker)
            return worker

    def _buried(self, worker: Worker) -> int:
        with self._lock:
            self._alive.discard(worker)
        return worker.kill()


__all__ = ["Processes", "Worker"]
