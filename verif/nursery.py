"""Processes for the parts of claims: forks of one interpreter, started afresh, that has loaded what they need.

Callers may have threads, so that they themselves cannot be forked; and loading the libraries takes each new interpreter
longer than most parts do. The interpreter between (:func:`hatch`) has one thread, loads what a part needs before the
fork, and computes nothing. It lives until its caller ends.
"""

from __future__ import annotations

import atexit
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from pathlib import Path


class Nursery:
    """The interpreter from which processes are forked; its end ends them."""

    def __init__(self) -> None:
        self.owner = os.getpid()
        self.process = subprocess.Popen(
            [sys.executable, "-c", f"from {__name__} import hatch; hatch()"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        self.ended: dict[int, tuple[int, float]] = {}
        self._born: list[int] = []
        self._rest = b""
        atexit.register(self.close)

    def start(self, function: str, path: Path, folder: Path, load: str) -> Child:
        """A process of its own group in ``folder``, where temporary files go, too, that calls ``function(path)``.

        Parameters
        ----------
        function : str
            ``module:name``.
        path : Path
        folder : Path
        load : str
            A module to be loaded before the fork.
        """
        asked = {"function": function, "path": str(path), "folder": str(folder), "load": load, "env": dict(os.environ)}
        assert self.process.stdin
        try:
            self.process.stdin.write(json.dumps(asked).encode() + b"\n")
            self.process.stdin.flush()
            while not self._born:
                self.listen(1)
                if not self.alive:
                    raise BrokenPipeError(f"the interpreter of proofs ended with code {self.process.returncode}")
        except BaseException:
            # A birth that nobody waited for would be taken for the next one.
            self.close()
            raise
        return Child(self, self._born.pop())

    @property
    def alive(self) -> bool:
        """Whether processes can be started."""
        return self.process.poll() is None

    def listen(self, seconds: float = 0) -> None:
        """Takes in which processes were born and which have ended, and waits so long for the news."""
        assert self.process.stdout
        if not select.select([self.process.stdout], [], [], seconds)[0]:
            return
        *lines, self._rest = (self._rest + os.read(self.process.stdout.fileno(), 1 << 16)).split(b"\n")
        for line in lines:
            pid, *end = map(int, line.split())
            if end:
                self.ended[pid] = end[0], end[1] / 1000
            else:
                self.ended.pop(pid, None)  # of a process long gone that had the number before
                self._born.append(pid)

    def close(self) -> None:
        """Ends the interpreter and all that it started."""
        # A process forked from the caller has the pipe, but it is not its to close.
        if self.owner == os.getpid():
            with suppress(OSError):
                assert self.process.stdin
                self.process.stdin.close()
            self.process.wait()


class Child:
    """One process, and the group of all that it starts."""

    def __init__(self, nursery: Nursery, pid: int):
        self.nursery, self.pid = nursery, pid

    def poll(self) -> int | None:
        """The code with which it ended (negative: by which signal); None while it runs."""
        self.nursery.listen()
        if self.pid not in self.nursery.ended and not self.nursery.alive:
            return -signal.SIGKILL
        return self.nursery.ended.get(self.pid, (None, 0.0))[0]

    @property
    def seconds(self) -> float:
        """Processor time of one that has ended, and of all that it waited for."""
        return self.nursery.ended.get(self.pid, (0, 0.0))[1]

    def end(self) -> None:
        """Ends the group; returns when the process is gone."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        while self.poll() is None:
            time.sleep(0.001)


_kept: list[Nursery] = []


def nursery() -> Nursery:
    """The nursery of this process, started if there is none."""
    if not _kept or _kept[0].owner != os.getpid() or not _kept[0].alive:
        _kept[:] = [Nursery()]
    return _kept[0]


def hatch() -> None:
    """What the interpreter does: forks a process for every line that it reads, and tells when each ends."""
    children: set[int] = set()
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    rest = b""
    while True:
        ready = select.select([0, woken], [], [])[0]
        if woken in ready:
            os.read(woken, 1 << 12)
            while children:
                pid, status, used = os.wait4(-1, os.WNOHANG)
                if not pid:
                    break
                children.discard(pid)
                _tell(pid, os.waitstatus_to_exitcode(status), round(1000 * (used.ru_utime + used.ru_stime)))
        if 0 in ready:
            if not (read := os.read(0, 1 << 16)):
                for pid in children:
                    with suppress(ProcessLookupError):
                        os.killpg(pid, signal.SIGKILL)
                return
            *lines, rest = (rest + read).split(b"\n")
            for line in lines:
                asked = json.loads(line)
                with suppress(Exception):  # who cannot be loaded says so in a process of its own
                    import_module(asked["load"])
                if not (pid := os.fork()):
                    _live(asked)
                # Here and in the process itself: whoever comes first, its group is there before anyone hears of it.
                with suppress(OSError):
                    os.setpgid(pid, pid)
                children.add(pid)
                _tell(pid)


def _tell(*words: int) -> None:
    os.write(1, " ".join(map(str, words)).encode() + b"\n")


def _live(asked: dict) -> None:
    """The life of a forked process."""
    code = 1
    try:
        os.setpgid(0, 0)
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        nothing = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(nothing, stream)
        os.environ.clear()
        os.environ.update(asked["env"], TMPDIR=asked["folder"])
        os.chdir(asked["folder"])
        tempfile.tempdir = None  # chosen anew
        module, _, name = asked["function"].partition(":")
        run: Callable[[Path], None] = getattr(import_module(module), name)
        run(Path(asked["path"]))
        code = 0
    finally:
        os._exit(code)
