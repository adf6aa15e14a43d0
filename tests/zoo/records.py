"""What a variant of a server needs in order to stand: a folder, an address, a port, and commands."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from ports import free_port


class Command(NamedTuple):
    """One process: program and arguments, and what is added to its environment."""

    argv: Sequence[str]
    environment: Mapping[str, str] = {}


class Ground:
    """Where one variant stands.

    Attributes:
        folder: Of its own; whoever runs the server may write to it.
        address: Of loopback, shared by the variants of a product.
        port: Free when it was drawn.
    """

    def __init__(self, folder: Path, address: str) -> None:
        self.folder = folder
        self.address = address
        self.port = free_port(address)
        folder.mkdir(parents=True)

    def write(self, name: str, content: str | bytes) -> Path:
        """Write a file below the folder, and say where it lies."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def site(self, pages: Mapping[str, str | bytes], name: str = "site") -> Path:
        """Write the pages of a site; its folder."""
        for page, content in pages.items():
            self.write(f"{name}/{page}", content)
        return self.folder / name


class Product(NamedTuple):
    """A product of the zoo.

    Attributes:
        programs: Absolute paths, or names that are looked for in ``$PATH`` and in the folders of the system.
        variants: By kind: puts up the files of a variant, and says what to run; the first command answers the survey.
    """

    name: str
    programs: Sequence[str]
    variants: Mapping[str, Callable[[Ground], Sequence[Command]]]
