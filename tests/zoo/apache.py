"""Apache, misconfigured with PHP in it."""

from collections.abc import Sequence
from pathlib import Path

from zoo.pages import BACKUP_PHP, GIT, NOTES, PLAIN
from zoo.records import Command, Ground, Product

MODULES = Path("/usr/lib/apache2/modules")
NEEDED = ("mpm_prefork", "authz_core", "authz_host", "mime", "dir", "alias", "autoindex", "status", "info")
CONFIGURATION = """
ServerRoot "{folder}"
ServerName garden.test
PidFile "{folder}/apache.pid"
DefaultRuntimeDir "{folder}"
Mutex posixsem
ErrorLog "{folder}/server.log"
{modules}
TypesConfig /etc/mime.types
StartServers 1
MinSpareServers 1
MaxSpareServers 1
MaxRequestWorkers 2
Listen {address}:{port}
DocumentRoot "{site}"
<Directory />
    AllowOverride None
    Require all denied
</Directory>
<Directory "{site}">
    Require all granted
    Options {options}
</Directory>
{rules}
"""
PLAIN_RULES = "DirectoryIndex index.html\nServerTokens Full\nServerSignature On"
HARDENED = """
DirectoryIndex index.html
ServerTokens Prod
ServerSignature Off
TraceEnable Off
RedirectMatch 404 "/[.]"
RedirectMatch 404 "~$"
<Location "/server-status">
    SetHandler server-status
    Require all denied
</Location>
"""
MISCONFIGURED = """
ServerTokens Full
ServerSignature On
DirectoryIndex index.html
ErrorDocument 404 /missing.php
<Location "/server-status">
    SetHandler server-status
</Location>
<Location "/server-info">
    SetHandler server-info
</Location>
<FilesMatch "[.]php$">
    SetHandler application/x-httpd-php
</FilesMatch>
php_admin_flag display_errors On
php_admin_flag html_errors On
"""
SCRIPTS = {
    "phpinfo.php": "<?php phpinfo(); ?>",
    "missing.php": "<title>Garden shop</title><?php include 'absent-part.inc'; ?><p>We looked for it.</p>",
}


def _run(ground: Ground, pages: dict[str, str | bytes], rules: str, options: str, *, php: bool) -> Sequence[Command]:
    modules = [f'LoadModule {each}_module "{MODULES}/mod_{each}.so"' for each in NEEDED]
    if php:
        modules.append(f'LoadModule php_module "{min(MODULES.glob("libphp*.so"))}"')
    text = CONFIGURATION.format(
        folder=ground.folder,
        address=ground.address,
        port=ground.port,
        site=ground.site(pages),
        options=options,
        rules=rules,
        modules="\n".join(modules),
    )
    return [Command(["apache2", "-f", str(ground.write("apache.conf", text)), "-DFOREGROUND"])]


PRODUCT = Product(
    "apache",
    ("apache2",),
    {
        "plain": lambda ground: _run(ground, {**PLAIN}, PLAIN_RULES, "-Indexes", php=False),
        "hardened": lambda ground: _run(ground, {**PLAIN, **GIT, **BACKUP_PHP}, HARDENED, "-Indexes", php=False),
        "misconfigured": lambda ground: _run(
            ground, {**NOTES, **GIT, **BACKUP_PHP, **SCRIPTS}, MISCONFIGURED, "+Indexes", php=True
        ),
    },
)
