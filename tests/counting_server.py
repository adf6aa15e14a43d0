"""A tiny server that notes every request in a file, before it answers.

Called as: counting_server.py LOG DELAY_S [SERVER]
"""

import asyncio
import os
import sys
from pathlib import Path


async def serve(log: Path, delay_s: float, product: bytes) -> None:
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                lines = head.decode("latin-1").split("\r\n")
                path = lines[0].split(" ")[1]
                host = next(line[5:].strip() for line in lines if line.lower().startswith("host:"))
                os.write(descriptor, f"{host} {path}\n".encode())
                await asyncio.sleep(delay_s)
                body = f"{host} {path}".encode()
                status = b"200 OK" if path == "/" else b"404 Not Found"
                writer.write(
                    b"HTTP/1.1 %b\r\nServer: %b\r\nContent-Length: %d\r\n\r\n%b" % (status, product, len(body), body)
                )
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(talk, "0.0.0.0", 0)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]), float(sys.argv[2]), "".join(sys.argv[3:] or ["Toy/1"]).encode()))
