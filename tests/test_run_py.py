import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import run

ROOT = Path(run.__file__).parent
LOCKS = {"runtime": "a" * 64, "dev": "b" * 64}
AS_PYTHON_39 = """
import runpy, sys
sys.version_info = (3, 9, 2, "final", 0)
sys.argv = ["run.py", "serve"]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path / ".venv"
    (home / "bin").mkdir(parents=True)
    (home / "bin" / "python").symlink_to(sys.executable)
    for name, path in {"HOME": home, "PYTHON": home / "bin" / "python", "STAMP": home / "vestka-stamp"}.items():
        monkeypatch.setattr(run, name, path)
    return tmp_path


def start(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, check=False)


def pins(lock: Path) -> dict[str, str]:
    found = re.findall(r"^([\w.-]+==\S+)(.*?)(?=^[\w.-]+==|\Z)", lock.read_text(), re.MULTILINE | re.DOTALL)
    return {pin: " ".join(sorted(re.findall(r"--hash=\S+", rest))) for pin, rest in found}


def test_no_command_is_wrong_usage() -> None:
    ended = start("run.py")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith("usage: python3 run.py")


def test_help_is_no_error() -> None:
    ended = start("run.py", "--help")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "serve" in ended.stdout


def test_an_older_python_is_told_what_to_do() -> None:
    ended = start("-c", AS_PYTHON_39)
    assert ended.returncode == 1
    assert ended.stderr.startswith("vestka: Python 3.11 or later is needed, and this is 3.9.")


def test_an_older_python_can_read_the_file() -> None:
    ast.parse((ROOT / "run.py").read_text(encoding="utf-8"), feature_version=(3, 6))


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_lock_files_name_no_host(lock: str) -> None:
    assert "://" not in (ROOT / lock).read_text(encoding="utf-8")


def test_the_development_lock_holds_all_of_the_other() -> None:
    runtime, dev = pins(ROOT / "requirements.lock"), pins(ROOT / "requirements-dev.lock")
    assert runtime
    assert runtime.items() <= dev.items()


def test_every_other_command_is_vestkas() -> None:
    assert run.program(["key", "create", "--owner", "me"]) == ["app", "key", "create", "--owner", "me"]
    assert run.program(["bench", "--quick"]) == ["bench", "--quick"]
    assert run.program(["trust"]) == ["bench.trust"]


@pytest.mark.parametrize(("cores", "workers"), [(2, "3"), (64, "8"), (None, "2")])
def test_tests_are_spread_over_the_cores(monkeypatch: pytest.MonkeyPatch, cores: int | None, workers: str) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: cores)
    assert run.program(["test", "-x"]) == ["pytest", "-n", workers, "--dist", "worksteal", "-x"]


@pytest.mark.parametrize("own", [["-n0"], ["-n", "3"], ["--pdb"], ["-p", "no:xdist"]])
def test_tests_are_spread_as_told(own: list[str]) -> None:
    assert run.program(["test", *own]) == ["pytest", *own]


@pytest.mark.usefixtures("clone")
def test_a_stamp_promises_what_was_installed() -> None:
    runtime, dev = (run.stamp_text(want, LOCKS) for want in ("runtime", "dev"))
    assert run.ready(runtime, "runtime", LOCKS)
    assert not run.ready(runtime, "dev", LOCKS)
    assert run.ready(dev, "dev", LOCKS)
    assert run.ready(dev, "runtime", LOCKS)


@pytest.mark.usefixtures("clone")
@pytest.mark.parametrize("stamp", ["", run.UNFINISHED, "\n\n", "runtime\n", "runtime " + "a" * 64])
def test_half_a_stamp_promises_nothing(stamp: str) -> None:
    assert not run.ready(stamp, "runtime", LOCKS)


@pytest.mark.usefixtures("clone")
def test_another_lock_asks_for_another_set_up() -> None:
    stamp = run.stamp_text("dev", LOCKS)
    assert not run.ready(stamp, "runtime", {**LOCKS, "runtime": "c" * 64})
    assert not run.ready(stamp, "dev", {**LOCKS, "dev": "c" * 64})


def test_a_moved_environment_is_not_ready(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stamp = run.stamp_text("runtime", LOCKS)
    (clone / ".venv").rename(clone / "moved")
    monkeypatch.setattr(run, "HOME", clone / "moved")
    monkeypatch.setattr(run, "PYTHON", clone / "moved" / "bin" / "python")
    assert not run.ready(stamp, "runtime", LOCKS)


def test_an_environment_whose_python_has_gone_is_not_ready(clone: Path) -> None:
    stamp = run.stamp_text("runtime", LOCKS)
    (clone / ".venv" / "bin" / "python").unlink()
    (clone / ".venv" / "bin" / "python").symlink_to(clone / "gone")
    assert not run.ready(stamp, "runtime", LOCKS)


@pytest.mark.usefixtures("clone")
def test_a_stamp_is_read_as_written() -> None:
    assert run.read_stamp() == ""
    run.write_stamp(run.stamp_text("dev", LOCKS))
    assert run.ready(run.read_stamp(), "dev", LOCKS)


def test_installers_go_nowhere_else(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PIP_TARGET", "PYTHONPATH", "PIP_INDEX_URL"):
        monkeypatch.setenv(name, "x")
    environment = run.installers_environment()
    assert "PIP_TARGET" not in environment
    assert "PYTHONPATH" not in environment
    assert environment["PIP_INDEX_URL"] == "x"
    assert environment["UV_PYTHON_DOWNLOADS"] == "never"
