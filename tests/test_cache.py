"""The cache: content-addressed, atomic, private."""

import os
import re
import signal
import subprocess
import sys
import threading
import time

import pytest
from nervure.verif.cache import CacheError, build, cache_root


@pytest.fixture(autouse=True)
def root(tmp_path, monkeypatch):
    monkeypatch.setenv("NERVURE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def write(text):
    def make(directory):
        (directory / "file").write_text(text)

    return make


def refuse(directory):
    raise AssertionError("an entry that is there must not be built again")


def test_root_is_private_and_chosen_by_the_environment(root, tmp_path, monkeypatch):
    assert cache_root() == root
    assert root.stat().st_mode & 0o777 == 0o700
    monkeypatch.delenv("NERVURE_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_root() == tmp_path / "xdg" / "nervure"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert cache_root() == tmp_path / "home" / ".cache" / "nervure"


def test_entry_is_built_once_and_found_by_content(root):
    entry = build("kind", ["ab", b"c"], write("first"))
    assert entry.parent == root / "kind" and re.fullmatch("[0-9a-f]{64}", entry.name)
    assert build("kind", [b"ab", "c"], refuse) == entry
    assert build("kind", ["a", "bc"], write("other")) != entry
    assert build("other", ["ab", "c"], write("other")) != entry
    assert (entry / "file").read_text() == "first"
    assert sorted(path.suffix for path in (root / "kind").iterdir()) == ["", ""]  # no lock, no scratch


def test_failed_build_leaves_nothing(root):
    def make(directory):
        (directory / "file").write_text("half")
        raise ValueError("no")

    with pytest.raises(ValueError, match=r"^no$"):
        build("kind", ["x"], make)
    assert list((root / "kind").iterdir()) == []
    assert (build("kind", ["x"], write("whole")) / "file").read_text() == "whole"


def test_builds_may_nest():
    def make(directory):
        write((build("kind", ["inner"], write("inner")) / "file").read_text() + "+outer")(directory)

    assert (build("kind", ["outer"], make) / "file").read_text() == "inner+outer"


CHILD = """
import sys, time
from nervure.verif.cache import build
def make(directory):
    (directory / "file").write_text("half")
    with open(sys.argv[1], "a") as log:
        log.write("built\\n")
    time.sleep(float(sys.argv[2]))
    (directory / "file").write_text("whole")
print(build("kind", ["x"], make))
"""


def child(log, seconds):
    return subprocess.Popen([sys.executable, "-c", CHILD, str(log), str(seconds)], stdout=subprocess.PIPE, text=True)


def wait_for(condition):
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_killed_build_leaves_no_entry(root, tmp_path):
    process = child(tmp_path / "log", 60)
    wait_for((tmp_path / "log").exists)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert any(path.suffix == ".tmp" for path in (root / "kind").iterdir())
    entry = build("kind", ["x"], write("whole"))
    assert (entry / "file").read_text() == "whole"
    build("kind", ["another"], write("another"))  # sweeps
    assert all(path.suffix == "" for path in (root / "kind").iterdir())


def test_sweep_spares_a_running_build(root, tmp_path):
    process = child(tmp_path / "log", 1)
    wait_for((tmp_path / "log").exists)
    build("kind", ["another"], write("another"))
    entry = process.communicate()[0].strip()
    assert process.returncode == 0
    assert build("kind", ["x"], refuse) == root / "kind" / os.path.basename(entry)


def test_two_processes_build_once(tmp_path):
    processes = [child(tmp_path / "log", 0.3) for _ in range(2)]
    entries = {process.communicate()[0].strip() for process in processes}
    assert [process.returncode for process in processes] == [0, 0]
    assert len(entries) == 1
    assert (tmp_path / "log").read_text() == "built\n"


def test_threads_build_once():
    built, entries = [], set()

    def make(directory):
        built.append(directory)
        time.sleep(0.05)

    threads = [threading.Thread(target=lambda: entries.add(build("kind", ["x"], make))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(built) == len(entries) == 1


@pytest.mark.parametrize("place", ["", "kind", "kind/entry", "kind/entry/file"])
def test_writable_by_others_is_refused(root, place):
    entry = build("kind", ["x"], write("text"))
    path = root / place.replace("entry", entry.name)
    path.chmod(0o777)
    message = f"cache must be writable by its owner alone, not by others ({path}); run chmod -R go-w on it"
    with pytest.raises(CacheError, match=f"^{re.escape(message)}$"):
        build("kind", ["x"], refuse)


@pytest.mark.parametrize("place", ["", "kind/entry/file"])
def test_foreign_owner_is_refused(root, place, monkeypatch):
    entry = build("kind", ["x"], write("text"))
    path = root / place.replace("entry", entry.name)
    owner = os.geteuid()
    if owner == 0:
        os.chown(path, 12345, -1)
        user, owner = 0, 12345
    else:  # nobody can give a file away: be somebody else instead, to whom the root is foreign already
        user, path = owner + 1, root
        monkeypatch.setattr("os.geteuid", lambda: user)
    message = f"cache must belong to user {user}, not to {owner} ({path}); set NERVURE_CACHE"
    with pytest.raises(CacheError, match=f"^{re.escape(message)}$"):
        build("kind", ["x"], refuse)


def test_symbolic_link_is_refused(root):
    entry = build("kind", ["x"], write("text"))
    (entry / "link").symlink_to("/etc/passwd")
    with pytest.raises(CacheError, match=r"^cache must hold files and directories only, not "):
        build("kind", ["x"], refuse)


def test_unusable_directory_is_one_sentence(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("NERVURE_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(
        CacheError, match=r"^cache directory must be one that can be written, not .*; set NERVURE_CACHE$"
    ):
        cache_root()


def test_umask_does_not_open_an_entry(root):
    before = os.umask(0)
    try:
        entry = build("kind", ["x"], write("text"))
    finally:
        os.umask(before)
    assert all(path.stat().st_mode & 0o022 == 0 for path in (root, root / "kind", entry, entry / "file"))
    assert build("kind", ["x"], refuse) == entry
