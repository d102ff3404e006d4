"""The user's cache: directories addressed by the content they were made from.

An entry is made in a private directory beside its final place and appears there by one rename, so that a build that is
killed leaves nothing that a later run could take for an entry. Entries are loaded into the process, so an entry that
somebody else owns or could have changed is refused.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path


class CacheError(RuntimeError):
    """The cache directory cannot be used or trusted; the sentence says why."""


def cache_root() -> Path:
    """The cache directory: ``NERVURE_CACHE``, else ``XDG_CACHE_HOME/nervure``, else ``~/.cache/nervure``.

    Made, with access for this user alone, if it is not there.

    Raises
    ------
    CacheError
        If it cannot be made, belongs to another user, or can be written by others.
    """
    if chosen := os.environ.get("NERVURE_CACHE"):
        root = Path(chosen).absolute()
    elif os.path.isabs(base := os.environ.get("XDG_CACHE_HOME", "")):
        root = Path(base) / "nervure"
    else:
        try:
            root = Path.home() / ".cache" / "nervure"
        except RuntimeError:
            raise CacheError("NERVURE_CACHE must name the cache directory where there is no home directory") from None
    _make_private(root)
    return root


def build(kind: str, key: Iterable[bytes | str], make: Callable[[Path], None]) -> Path:
    """The directory ``<root>/<kind>/<sha256 of key>``, filled by ``make`` if it is not there yet.

    Processes and threads that want the same entry at once wait for the one that builds it. ``make`` may call
    :func:`build` for another entry, and must not leave symbolic links.

    Parameters
    ----------
    kind : str
        Name of the folder that holds entries of this sort.
    key : iterable of bytes or str
        Everything that the content depends on.
    make : callable
        Fills the empty directory it is given; an exception from it leaves no entry.

    Raises
    ------
    CacheError
        If the cache or the entry cannot be trusted.
    """
    folder = cache_root() / kind
    _make_private(folder)
    digest = hashlib.sha256()
    for part in key:
        part = part.encode() if isinstance(part, str) else part
        # Lengths keep ("ab", "c") and ("a", "bc") apart.
        digest.update(len(part).to_bytes(8, "little") + part)
    entry = folder / digest.hexdigest()
    if not os.path.lexists(entry):
        with _lock(folder, entry.name):
            if not os.path.lexists(entry):
                _sweep(folder)
                _fill(entry, make)
    _check_tree(entry)
    return entry


def _fill(entry: Path, make: Callable[[Path], None]) -> None:
    # A new name each time: compilers orphaned by a killed build may still be writing into the old one.
    work = Path(tempfile.mkdtemp(prefix=f"{entry.name}.", suffix=".tmp", dir=entry.parent))
    try:
        make(work)
        for path in (work, *work.rglob("*")):
            if not path.is_symlink():
                path.chmod(stat.S_IMODE(path.stat().st_mode) & ~0o022)  # whatever the umask was
        work.rename(entry)
    except BaseException:
        shutil.rmtree(work, ignore_errors=True)
        raise


def _sweep(folder: Path) -> None:
    """Removes what killed builds left: a temporary directory whose entry nobody holds the lock of.

    The caller holds the lock of its own entry, so its own leftovers are found by the next build.
    """
    for work in folder.glob("*.tmp"):
        with _lock(folder, work.name.partition(".")[0], wait=False) as held:
            if held:
                shutil.rmtree(work, ignore_errors=True)


@contextmanager
def _lock(folder: Path, name: str, *, wait: bool = True) -> Iterator[bool]:
    """Holds ``<name>.lock``; yields False if ``wait`` is off and somebody else holds it. The kernel lets go of it when
    the process ends, however it ends."""
    path = folder / f"{name}.lock"
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            except BlockingIOError:
                yield False
                return
            # The one who held it before may have removed the file in the meantime: then the lock is on nothing.
            if not _same_file(path, handle):
                continue
            try:
                yield True
            finally:
                path.unlink(missing_ok=True)
            return
        finally:
            os.close(handle)


def _same_file(path: Path, handle: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(handle))
    except FileNotFoundError:
        return False


def _make_private(folder: Path) -> None:
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        _check(folder, folder.stat())
        if not os.access(folder, os.W_OK | os.X_OK):
            raise PermissionError
    except OSError as error:
        reason = error.strerror or "it is read-only"
        sentence = f"cache directory must be one that can be written, not {folder} ({reason}); set NERVURE_CACHE"
        raise CacheError(sentence) from None


def _check_tree(entry: Path) -> None:
    _check(entry, entry.lstat())
    for path in entry.rglob("*"):
        _check(path, path.lstat())


def _check(path: Path, status: os.stat_result) -> None:
    if not (stat.S_ISDIR(status.st_mode) or stat.S_ISREG(status.st_mode)):
        raise CacheError(f"cache must hold files and directories only, not {path}; remove it or set NERVURE_CACHE")
    user = os.geteuid()
    if status.st_uid != user:
        raise CacheError(f"cache must belong to user {user}, not to {status.st_uid} ({path}); set NERVURE_CACHE")
    if status.st_mode & 0o022:
        raise CacheError(f"cache must be writable by its owner alone, not by others ({path}); run chmod -R go-w on it")
