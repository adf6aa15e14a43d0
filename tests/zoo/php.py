"""PHP's built-in server. What has no dot in its name and is not there gets the front page: that is how it works."""

from collections.abc import Sequence

from zoo.pages import BACKUP_PHP, GIT
from zoo.records import Command, Ground, Product

FRONT = {"index.php": "<title>Garden shop</title><h1>Welcome</h1><?php echo 'Seeds.'; ?>"}
INFO = {"phpinfo.php": "<?php phpinfo(); ?>"}
ROUTER = """<?php
if ($_SERVER['REQUEST_URI'] === '/') { echo '<title>Garden shop</title><h1>Welcome</h1>'; return true; }
http_response_code(404);
echo '<title>Nothing here</title><p>There is no such page.</p>';
"""


def _run(ground: Ground, pages: dict[str, str | bytes], *more: str, router: str = "") -> Sequence[Command]:
    site = ground.site(pages)
    command = ["php", "-n", *more, "-S", f"{ground.address}:{ground.port}", "-t", str(site)]
    return [Command([*command, str(ground.write("router.php", router))] if router else command)]


PRODUCT = Product(
    "php",
    ("php",),
    {
        "plain": lambda ground: _run(ground, {**FRONT}),
        "hardened": lambda ground: _run(ground, {**FRONT, **GIT}, "-d", "expose_php=0", router=ROUTER),
        "misconfigured": lambda ground: _run(ground, {**FRONT, **INFO, **GIT, **BACKUP_PHP}),
    },
)
