"""``python -m hostile_farm``: the whole farm; with a seed and a number, so many random servers instead."""

import asyncio
import sys

from hostile_farm.random_servers import random_servers
from hostile_farm.servers import SERVERS
from hostile_farm.serving import serve_until_told

if __name__ == "__main__":
    numbers = [int(argument) for argument in sys.argv[1:]]
    asyncio.run(serve_until_told(random_servers(*numbers) if numbers else SERVERS))
