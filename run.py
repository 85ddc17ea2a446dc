#!/usr/bin/env python3
"""Starts Vestka from a clone: sets up `.venv` from the hash-locked list, then becomes the program.

    python3 run.py serve            the register, at 127.0.0.1:8000 (`vestka serve`)
    python3 run.py ANY …            `vestka ANY …`
    python3 run.py test …           the tests (`pytest …`; paths are those inside the clone)
    python3 run.py bench …          the measurements
    python3 run.py trust …          the checks of trust

It needs Python 3.11 or later and nothing else; `uv`, where it is found, only makes the set-up faster. A stamp in
`.venv` says what is installed there, so a later start reads one small file and goes on. `.venv` is used as it is,
whichever Python starts this file; delete it to start anew. This file has to parse on Python 3.6, whose users it tells
what to do.
"""

import sys

if sys.platform == "win32":
    sys.exit("vestka: run.py is for Linux and macOS. On Windows use WSL, or: pip install . && vestka serve")

import fcntl
import hashlib
import os
import shutil
import subprocess
import time
from pathlib import Path

if sys.version_info < (3, 11):  # noqa: UP036 -- this is what tells so; what follows would fail on an older one
    sys.exit(
        "vestka: Python 3.11 or later is needed, and this is {}.{}. "
        "Run it with a newer one, such as: python3.11 run.py …".format(*sys.version_info[:2])
    )

ROOT = Path(__file__).resolve().parent
HOME = ROOT / ".venv"
PYTHON = HOME / "bin" / "python"
STAMP = HOME / "vestka-stamp"
LOCKS = {"runtime": ROOT / "requirements.lock", "dev": ROOT / "requirements-dev.lock"}
UNFINISHED = "unfinished"
BASE = getattr(sys, "_base_executable", None) or sys.executable  # never the Python inside an environment to be replaced
OWN = {"test": "pytest", "bench": "bench", "trust": "bench.trust"}  # these need the development lock
SPREADS = ("-n", "--numprocesses", "--dist", "--pdb", "--trace", "no:xdist", "-pno:xdist")
USAGE = """usage: python3 run.py COMMAND …

  serve                 migrate, fill an empty register, and serve it at http://127.0.0.1:8000
  key create --owner NAME --scope SCOPE
                        print a new API key
  migrate, seed, export, mirror, verify, reindex, backup, restore, openapi
                        what else `vestka` does; COMMAND --help tells more
  test [PYTEST ARGUMENTS], bench, trust
                        for those who work on it
"""


class SetupError(Exception):
    """Tells in one sentence why the environment could not be made, and what to do."""


def main(arguments: list[str]) -> int:
    """Becomes the program that the arguments ask for; returns only to say what is wrong."""
    if not arguments:
        sys.stderr.write(USAGE)
        return 2
    if arguments[0] in ("-h", "--help", "help"):
        sys.stdout.write(USAGE)
        return 0
    try:
        prepare("dev" if arguments[0] in OWN else "runtime")
    except SetupError as error:
        say(str(error))
        return 1
    except KeyboardInterrupt:
        say("interrupted. The same command again starts the set-up anew.")
        return 130
    return become(arguments)


def become(arguments: list[str]) -> int:
    """Replaces this process, so that signals and the exit code are the program's own.

    `-P` keeps the current folder off the import path: an `app` that happens to lie there is not ours.
    """
    if arguments[0] == "test":
        os.chdir(ROOT)
    inherited = os.environ.get("PYTHONPATH")
    path = os.pathsep.join([str(ROOT), inherited] if inherited else [str(ROOT)])
    sys.stderr.flush()
    command = [str(PYTHON), "-P", "-m", *program(arguments)]
    os.execve(PYTHON, command, {**os.environ, "PYTHONPATH": path})  # noqa: S606 -- no shell is the point


def program(arguments: list[str]) -> list[str]:
    """Says which module to run, with which arguments; tests are spread over the cores unless told otherwise."""
    command, rest = arguments[0], arguments[1:]
    if command not in OWN:
        return ["app", *arguments]
    spread = command == "test" and not any(argument.startswith(SPREADS) for argument in rest)
    workers = str(min((os.cpu_count() or 1) + 1, 8))  # one more than there are cores: some tests wait for a clock
    return [OWN[command], *(["-n", workers, "--dist", "worksteal"] if spread else []), *rest]


def prepare(want: str) -> None:
    """Makes `.venv` hold what the lock asks for; returns at once when it does.

    The lock is on this very file and is handed down to the installers: one that outlives a killed start is waited for.
    """
    try:
        locks = fingerprints()
        if ready(read_stamp(), want, locks):
            return
        guard = os.open(__file__, os.O_RDONLY)
        wait_for(guard)
        stamp = read_stamp()
        if not ready(stamp, want, locks):
            set_up(want, stamp, locks, guard)
        os.close(guard)
    except OSError as error:
        raise SetupError(
            f"the set-up failed ({error}). Run this from a whole clone, in a folder that is writable, "
            "on a disk that is not full."
        ) from error


def fingerprints() -> dict[str, str]:
    """Hashes the lock files."""
    return {name: hashlib.sha256(file.read_bytes()).hexdigest() for name, file in LOCKS.items()}


def ready(stamp: str, want: str, locks: dict[str, str]) -> bool:
    """Says whether the stamp promises what is wanted, here, on an interpreter that is still there."""
    said = parse(stamp)
    return said.get(want) == locks[want] and in_place(said) and os.access(PYTHON, os.X_OK)


def in_place(said: dict[str, str]) -> bool:
    """Says whether the environment lies where it was made and runs on the Python it was made with."""
    return said.get("place") == str(HOME) and said.get("interpreter") == str(PYTHON.resolve())


def parse(stamp: str) -> dict[str, str]:
    """Reads a stamp's lines: a key, a blank, a value."""
    return dict(line.split(" ", 1) for line in stamp.splitlines() if " " in line)


def stamp_text(want: str, locks: dict[str, str]) -> str:
    """Writes down what is installed; the development lock holds all of the other."""
    installed = ("runtime", "dev") if want == "dev" else ("runtime",)
    said = {"place": HOME, "interpreter": PYTHON.resolve(), **{name: locks[name] for name in installed}}
    return "".join(f"{key} {value}\n" for key, value in said.items())


def read_stamp() -> str:
    """Returns the stamp, or nothing where there is none."""
    try:
        return STAMP.read_text(encoding="utf-8", errors="surrogateescape")
    except (FileNotFoundError, NotADirectoryError):
        return ""


def write_stamp(text: str) -> None:
    """Replaces the stamp whole, so that no reader sees half of it."""
    draft = HOME / f"vestka-stamp.{os.getpid()}"
    draft.write_text(text, encoding="utf-8", errors="surrogateescape")
    draft.replace(STAMP)


def wait_for(guard: int) -> None:
    """Waits until no other start sets up the environment."""
    try:
        fcntl.flock(guard, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        say("another start is setting up the environment; waiting for it …")
        fcntl.flock(guard, fcntl.LOCK_EX)


def set_up(want: str, stamp: str, locks: dict[str, str], guard: int) -> None:
    """Makes or completes the environment and stamps it last: whatever stops this in between is seen next time."""
    started = time.monotonic()
    uv = shutil.which("uv")
    keep = usable(stamp)
    if not keep:
        say("setting up .venv, which takes about half a minute, once …")
        create(uv, guard)
    write_stamp(UNFINISHED)
    if not install(want, uv, guard):
        if keep and stamp:
            write_stamp(stamp)  # what was there still is: installers find everything before they touch anything
        raise SetupError(
            "the packages could not be installed; the message above says why. "
            "Check the network and your package index settings, then run the same command again."
        )
    write_stamp(stamp_text(want, locks))
    say(f"ready after {time.monotonic() - started:.0f} s.")


def usable(stamp: str) -> bool:
    """Says whether `.venv` can be built upon: whole, in its place, on a Python that runs and is new enough."""
    if stamp.strip() == UNFINISHED or (stamp and not in_place(parse(stamp))) or HOME.is_symlink():
        return False
    return succeeds(PYTHON, "import sys; assert sys.version_info >= (3, 11); assert sys.prefix == sys.argv[1]")


def succeeds(python: Path | str, code: str) -> bool:
    """Says whether a Python is there and runs the code without an error."""
    if not os.access(python, os.X_OK):
        return False
    return not subprocess.call([python, "-I", "-c", code, HOME], stderr=subprocess.DEVNULL)


def create(uv: str | None, guard: int) -> None:
    """Replaces `.venv` by an empty environment."""
    if HOME.is_symlink() or HOME.is_file():
        HOME.unlink()
    shutil.rmtree(HOME, ignore_errors=True)
    HOME.mkdir(exist_ok=True)
    write_stamp(UNFINISHED)
    if uv and not run([uv, "venv", "--quiet", "--allow-existing", "--python", BASE, str(HOME)], guard):
        return
    if not succeeds(BASE, "import venv, ensurepip"):
        raise SetupError(without_venv())
    if run([BASE, "-I", "-m", "venv", str(HOME)], guard):
        raise SetupError(f"{BASE} could not make a virtual environment; the message above says why.")


def without_venv() -> str:
    """Says what to install where Python comes in parts, as Debian packs it."""
    package = f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"
    return (
        "this Python cannot make virtual environments. Install its venv module "
        f"(Debian and Ubuntu: apt-get install {package}) and run the same command again."
    )


def install(want: str, uv: str | None, guard: int) -> bool:
    """Installs every package of the lock, by hash; says whether that went well."""
    demands = ["--require-hashes", "--only-binary", ":all:", "-r", str(LOCKS[want])]
    if uv:
        if not run([uv, "pip", "install", "--python", str(PYTHON), *demands], guard):
            return True
        say("uv could not do it; trying pip …")
    if not succeeds(PYTHON, "import pip") and run([str(PYTHON), "-I", "-m", "ensurepip"], guard):
        raise SetupError(without_venv())
    count = sum("==" in line for line in LOCKS[want].read_text(encoding="utf-8").splitlines())
    say(f"installing {count} packages …")
    return not run([str(PYTHON), "-I", "-m", "pip", "install", "--progress-bar", "off", *demands], guard)


def run(command: list[str], guard: int) -> int:
    """Runs an installer and returns its exit code; what it says is shown as progress, and kept if it fails."""
    said = []
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=installers_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        pass_fds=[guard],
    ) as installer:
        for line in installer.stdout or ():
            said.append(line.decode(errors="replace"))
            show(said[-1])
    show("")
    if installer.returncode:
        sys.stderr.writelines(said[-20:])
    return installer.returncode


def installers_environment() -> dict[str, str]:
    """Keeps index and proxy settings, drops what would install elsewhere or import something else."""
    astray = ("PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV", "PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_REQUIREMENT")
    return {
        **{key: value for key, value in os.environ.items() if key not in astray},
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_NO_INPUT": "1",
        "PIP_USER": "0",
        "UV_PYTHON_DOWNLOADS": "never",
    }


def show(line: str) -> None:
    """Rewrites the terminal's last line with an installer's; in a log that would be noise."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\033[K{line.strip()[:78]}")
        sys.stderr.flush()


def say(sentence: str) -> None:
    """Tells the person who started this; standard output belongs to the program."""
    sys.stderr.write(f"vestka: {sentence}\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
