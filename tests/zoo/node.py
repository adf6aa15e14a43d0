"""Node.js, with a server written in a few lines."""

from collections.abc import Sequence

from zoo.pages import GIT, PLAIN
from zoo.records import Command, Ground, Product

SERVER = """
const fs = require('fs'), http = require('http'), path = require('path');
const [address, port, site, kind] = process.argv.slice(2);
http.createServer((request, response) => {
  const name = request.url === '/' ? '/index.html' : request.url.split('?')[0];
  try {
    if (kind === 'hardened' && name.includes('/.')) throw new Error('hidden');
    const body = fs.readFileSync(path.join(site, path.normalize(name)));
    response.writeHead(200, {'Content-Type': name.endsWith('.html') ? 'text/html' : 'text/plain'});
    response.end(body);
  } catch (error) {
    response.writeHead(404, {'Content-Type': 'text/plain'});
    response.end(kind === 'misconfigured' ? error.stack : 'There is no such page.');
  }
}).listen(Number(port), address);
"""
PROJECT = {"package.json": '{"name": "garden", "private": true, "dependencies": {"express": "^4.18.2"}}\n'}


def _run(ground: Ground, pages: dict[str, str | bytes], kind: str) -> Sequence[Command]:
    script = ground.write("server.js", SERVER)
    site = ground.site(pages)
    return [Command(["node", str(script), ground.address, str(ground.port), str(site), kind])]


PRODUCT = Product(
    "node",
    ("node",),
    {
        "plain": lambda ground: _run(ground, {**PLAIN}, "plain"),
        "hardened": lambda ground: _run(ground, {**PLAIN, **GIT}, "hardened"),
        "misconfigured": lambda ground: _run(ground, {**PLAIN, **GIT, **PROJECT}, "misconfigured"),
    },
)
