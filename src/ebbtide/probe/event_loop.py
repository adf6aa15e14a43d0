"""The event loop of what waits for a library of asyncio's: uvloop's, asyncio's where uvloop is absent."""

import asyncio
from collections.abc import Callable

try:
    import uvloop
except ImportError:  # pragma: no cover  (Windows)
    new_event_loop: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop
else:
    new_event_loop = uvloop.new_event_loop
