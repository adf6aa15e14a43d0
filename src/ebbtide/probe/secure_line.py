"""TLS on a link: what is written is encrypted, what comes in is decrypted, and it ends with a word."""

from ebbtide.probe.network import Link, TlsSession


class SecureLine:
    """A link with a session on top; fulfils ``Link``.

    Args:
        link: Open.
        session: New.
    """

    __slots__ = ("_link", "session")

    def __init__(self, link: Link, session: TlsSession) -> None:
        self._link = link
        self.session = session
        session.start()
        self.flush()

    def receive(self, octets: bytes) -> bytes:
        """Take in octets from the network; return what they hold for the application."""
        return self.session.receive(octets)

    def flush(self) -> None:
        """Write what the session has to say."""
        octets = self.session.outgoing()
        if octets:
            self._link.write(octets)

    def write(self, data: bytes) -> None:
        """Encrypt octets, and hand them over."""
        self.session.send(data)
        self.flush()

    def finish(self, *, is_told: bool) -> None:
        """Say that nothing follows, then close as the link does."""
        self.session.close()
        self.flush()
        self._link.finish(is_told=is_told)

    def abort(self) -> None:
        """Close at once."""
        self._link.abort()
