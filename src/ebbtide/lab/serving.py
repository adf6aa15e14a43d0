"""Serve one month of a world: a listening socket for each address, all in one process and one loop."""

import asyncio
import signal
import socket
import ssl
from collections.abc import Callable
from pathlib import Path

import uvloop

from ebbtide.lab.access_log import AccessLog
from ebbtide.lab.certificates import server_context
from ebbtide.lab.conversation import Conversation, Door
from ebbtide.lab.errors import ScenarioError
from ebbtide.lab.happenings import CertificateId
from ebbtide.lab.history import ANSWERED, SILENT
from ebbtide.lab.listening import BACKLOG, FILES_OF_SILENCE, HEADROOM, bind, fall_silent, raise_file_limit
from ebbtide.lab.personas import Persona
from ebbtide.lab.world import World

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


def serve(
    world: World, month: str, *, port: int | None = None, access_log: Path | None, on_ready: Callable[[], None]
) -> None:
    """Serve a month until SIGTERM or SIGINT; blocks, and must run in the main thread.

    Args:
        world: Who is there.
        month: Label of the month.
        port: One port for all addresses; the scenario's if ``None``.
        access_log: File that gets a JSON line for each request (``AccessLine``); ``None``: no log.
        on_ready: Called when every socket is bound.

    Raises:
        ScenarioError: No such month, an address cannot be bound, or there are too few file descriptors.
    """
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(Lab(world, month, port=port, access_log=access_log), on_ready))


async def _serve(lab: "Lab", on_ready: Callable[[], None]) -> None:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in STOP_SIGNALS:
        loop.add_signal_handler(number, stop.set)
    try:
        await lab.start()
        on_ready()
        await stop.wait()
    finally:
        await lab.stop()
        for number in STOP_SIGNALS:
            loop.remove_signal_handler(number)


class Lab:
    """The servers of one month, for use inside a running loop; ``serve`` wraps it for everybody else."""

    def __init__(self, world: World, month: str, *, port: int | None = None, access_log: Path | None = None) -> None:
        world.states(month)
        self._world = world
        self._month = month
        self._port = world.port if port is None else port
        self._log_path = access_log
        self._log: AccessLog | None = None
        self._servers: list[asyncio.Server] = []
        self._silence: list[socket.socket] = []
        self._conversations: set[Conversation] = set()
        self._contexts: dict[CertificateId, ssl.SSLContext] = {}

    async def start(self) -> None:
        """Bind all sockets; those of silent servers too. Refused servers are not bound.

        Raises:
            ScenarioError: As ``serve``.
        """
        file = self._world.scenario.file
        personas = list(self._world.personas(self._month))
        answering = [persona for persona in personas if persona.state.presence == ANSWERED]
        silent = [persona.machine.address for persona in personas if persona.state.presence == SILENT]
        raise_file_limit(len(answering) + FILES_OF_SILENCE * len(silent) + HEADROOM, file)
        self._log = self._open_log()
        loop = asyncio.get_running_loop()
        try:
            self._silence = fall_silent(silent, self._port, file)
            for persona in answering:
                listening = bind(persona.machine.address, self._port, file)
                door = Door(persona, self._log, self._conversations)
                context = self._context(persona)
                self._servers.append(await loop.create_server(door, sock=listening, backlog=BACKLOG, ssl=context))
        except BaseException:
            await self.stop()
            raise

    def _context(self, persona: Persona) -> ssl.SSLContext | None:
        """What the server needs to speak TLS; one for all that share a certificate."""
        wanted = persona.state.certificate
        if wanted is None:
            return None
        if wanted not in self._contexts:
            self._contexts[wanted] = server_context(self._world.certificate(wanted))
        return self._contexts[wanted]

    async def stop(self) -> None:
        """Close every socket and the log; stopping twice does no harm."""
        for server in self._servers:
            server.close()
        for conversation in list(self._conversations):
            conversation.hang_up()
        for server in self._servers:
            await server.wait_closed()
        for silent in self._silence:
            silent.close()
        # Callbacks of closed connections are due in the next turn, and may still write to the log.
        await asyncio.sleep(0)
        if self._log is not None:
            self._log.close()
        self._servers, self._silence, self._log = [], [], None

    def _open_log(self) -> AccessLog:
        try:
            return AccessLog(self._log_path)
        except OSError as error:
            raise ScenarioError(self._log_path, "", f"the access log cannot be written: {error.strerror}") from error
