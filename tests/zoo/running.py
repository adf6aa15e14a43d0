"""The zoo, running: every variant as processes of nobody, on free ports of loopback, and ended whatever happens."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from zoo.records import Command, Ground, Product
from zoo.table import ZOO

PROGRAM_FOLDERS = "/usr/sbin:/usr/local/sbin:/usr/bin:/bin"
NOBODY, NOGROUP = 65534, 65534
START_S = 60.0
END_S = 10.0
FIRST_NETWORK = 20


def find_program(name: str) -> str | None:
    """Where a program or a file lies; system folders are looked at even where the path of the user leaves them out."""
    if name.startswith("/"):
        return name if Path(name).exists() else None
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:{PROGRAM_FOLDERS}")


def require_zoo() -> None:
    """Skip where the servers are not installed; in continuous integration they must be."""
    missing = [name for product in ZOO for name in product.programs if find_program(name) is None]
    if missing:
        sentence = f"{', '.join(missing)} not installed; scripts/install-debian.sh installs it (needs root and apt)"
        if os.environ.get("CI") == "true":
            pytest.fail(sentence)
        pytest.skip(sentence)


@contextmanager
def running_zoo(zoo: Sequence[Product] = ZOO) -> Iterator[Mapping[str, Ground]]:
    """Start every variant of every product; by name, where it stands."""
    require_zoo()
    grounds: dict[str, Ground] = {}
    with tempfile.TemporaryDirectory(prefix="ebbtide-zoo-") as name, ExitStack() as running:
        folder = Path(name)
        folder.chmod(0o755)
        for number, product in enumerate(zoo, FIRST_NETWORK):
            for kind, build in product.variants.items():
                variant = f"{product.name}-{kind}"
                ground = grounds[variant] = Ground(folder / variant, f"127.0.{number}.1")
                commands = build(ground)
                give_away(ground.folder)
                for command in reversed(commands):
                    running.enter_context(running_server(command, ground.folder))
        wait_until_open(grounds)
        yield grounds


def give_away(folder: Path) -> None:
    """Let nobody own a folder and all that is in it, where we are root; else it is ours and stays so."""
    if os.geteuid() == 0:
        for path in (folder, *folder.rglob("*")):
            os.chown(path, NOBODY, NOGROUP)


@contextmanager
def running_server(command: Command, folder: Path) -> Iterator[None]:
    """Run one server as the leader of a process group of its own, and end that group whole."""
    program = find_program(command.argv[0])
    assert program is not None
    is_root = os.geteuid() == 0
    with (folder / "output.log").open("ab") as output:
        process = subprocess.Popen(
            [program, *command.argv[1:]],
            cwd=folder,
            env={"PATH": PROGRAM_FOLDERS, "HOME": str(folder), "LANG": "C.UTF-8", **command.environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            user=NOBODY if is_root else None,
            group=NOGROUP if is_root else None,
            extra_groups=[] if is_root else None,
        )
    try:
        yield
    finally:
        end_group(process)


def end_group(process: subprocess.Popen[bytes]) -> None:
    """Ask the group to end; whoever is left after a while is ended."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            break
        try:
            process.wait(END_S if number is signal.SIGTERM else 1)
        except subprocess.TimeoutExpired:
            continue
    process.wait(END_S)


def wait_until_open(grounds: Mapping[str, Ground]) -> None:
    """Wait until somebody listens for every variant; say what a server wrote if nobody does."""
    end = time.monotonic() + START_S
    for variant, ground in grounds.items():
        while not is_open(ground):
            if time.monotonic() > end:
                logs = [*ground.folder.glob("*.log"), *ground.folder.glob("logs/*")]
                wrote = "\n".join(log.read_text(errors="replace")[-2000:] for log in logs)
                pytest.fail(f"{variant}: nobody listens at {ground.address}:{ground.port}\n{wrote}")
            time.sleep(0.05)


def is_open(ground: Ground) -> bool:
    """Whether somebody takes a call."""
    try:
        with socket.create_connection((ground.address, ground.port), timeout=1):
            return True
    except OSError:
        return False
