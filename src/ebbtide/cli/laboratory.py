"""The lab as the command line sees it: a world, its files, and a process that serves one month of it."""

import csv
import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from ebbtide.cli.observable_families import observable_families
from ebbtide.lab.scenario import ScenarioError, builtin, load_scenario
from ebbtide.lab.truth import truth_rows
from ebbtide.lab.world import World, build_world
from ebbtide.model.errors import ConfigurationError

_PORTS_BELOW_THE_EPHEMERAL = range(18000, 30000)
_STOP_S = 20


def scenario_world(scenario: str, seed: int, scale: float) -> World:
    """The world of a scenario file, or of a built-in scenario by name.

    Raises:
        ConfigurationError: No such file or name, or a mistake in the file; the sentence names the key.
    """
    try:
        path = Path(scenario)
        is_name = path.name == scenario and path.suffix.lower() not in {".yaml", ".yml"} and not path.is_file()
        path = builtin(scenario) if is_name else path
        return build_world(load_scenario(path), seed, scale)
    except ScenarioError as error:
        raise ConfigurationError(str(error)) from error


def write_frame(world: World, path: Path, port: int, month: str) -> None:
    """The names in a month's list as a frame that ``[[frame.source]]`` reads."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("host", "address", "port", "scheme", "stratum", "weight"))
        writer.writerows(world.frame_rows(port, month))


def write_arms(world: World, path: Path) -> None:
    """Who is in which arm, as ``site,arm``."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("site", "arm"))
        writer.writerows(
            (name, world.arms[machine.id])
            for machine in world.machines
            if machine.id in world.arms
            for name in machine.names
        )


def write_truth(world: World, folder: Path, port: int) -> Path:
    """What is really there, month by month, as JSON lines; returns the folder.

    Raises:
        ConfigurationError: A survey would give a server another family than the scenario says.
    """
    families = observable_families(world.scenario)
    folder.mkdir(parents=True, exist_ok=True)
    for month in world.months:
        with (folder / f"{month}.jsonl").open("w", encoding="utf-8") as file:
            for row in truth_rows(world, month, port):
                if row["family"] == row["family_actual"] != "":
                    row["family"] = families[row["family_actual"], row["version_actual"]]
                file.write(json.dumps(row, sort_keys=True) + "\n")
    return folder


@contextmanager
def reserved_port() -> Iterator[int]:
    """A port that nobody uses on any address of this machine; no other demonstration gets it meanwhile.

    The lab itself never listens on 127.0.0.1, so a socket bound there stands for the port while one month ends and the
    next has not begun.

    Raises:
        ConfigurationError: All candidates are taken.
    """
    for port in _PORTS_BELOW_THE_EPHEMERAL:
        if not _can_bind("0.0.0.0", port):  # noqa: S104 - the question is whether any address has it
            continue
        with closing(socket.socket()) as held:
            try:
                held.bind(("127.0.0.1", port))
            except OSError:
                continue
            yield port
            return
    raise ConfigurationError("no port between 18000 and 30000 is free.", remedy="Name one with --port.")


def _can_bind(address: str, port: int) -> bool:
    with closing(socket.socket()) as candidate:
        try:
            candidate.bind((address, port))
        except OSError:
            return False
    return True


@contextmanager
def running_lab(scenario: str, seed: int, scale: float, month: str, port: int, access_log: Path) -> Iterator[None]:
    """A process that serves the month; it is up when the block begins and gone when it ends.

    Raises:
        ConfigurationError: The lab could not start; its own sentence is repeated.
    """
    command = [sys.executable, "-m", "ebbtide", "lab", "serve", "--scenario", scenario, "--seed", str(seed)]
    command += ["--scale", str(scale), "--month", month, "--port", str(port), "--access-log", str(access_log), "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own program
        if process.stdout is None or process.stderr is None or not process.stdout.readline():
            reason = process.stderr.read().strip() if process.stderr else ""
            raise ConfigurationError(reason.removeprefix("ebbtide: ") or "the lab did not start.")
        try:
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=_STOP_S)
