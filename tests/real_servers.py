"""Real nginx and Apache for tests: from configurations written here, on free loopback ports, never as daemons."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from ports import free_port

MODULES = Path("/usr/lib/apache2/modules")
PROGRAM_FOLDERS = "/usr/sbin:/usr/local/sbin:/usr/bin:/bin"
ADDRESS = "127.0.0.1"
START_S = 60.0
END_S = 20.0
APACHE_MODULES = ("mpm_prefork", "authz_core", "authz_host", "mime", "dir", "alias", "autoindex", "status")

APACHE_COMMON = """
ServerRoot "{folder}"
ServerName localhost
PidFile "{folder}/apache.pid"
DefaultRuntimeDir "{folder}"
Mutex posixsem
ErrorLog "{folder}/error.log"
CustomLog "{folder}/apache.access" "%h %l %u %t \\"%r\\" %>s %b \\"%{{Referer}}i\\" \\"%{{User-Agent}}i\\""
{identity}
{modules}
TypesConfig /etc/mime.types
StartServers 2
MinSpareServers 1
MaxSpareServers 2
MaxRequestWorkers 4
KeepAlive On
<Directory />
    AllowOverride None
    Require all denied
</Directory>
"""

APACHE_OPEN = """
ServerTokens Full
ServerSignature On
ExtendedStatus On
Listen {address}:{listing_port}
Listen {address}:{php_port}
<VirtualHost {address}:{listing_port}>
    DocumentRoot "{folder}/listing"
    <Directory "{folder}/listing">
        Options +Indexes
        Require all granted
    </Directory>
    <Location "/server-status">
        SetHandler server-status
        Require all granted
    </Location>
</VirtualHost>
<VirtualHost {address}:{php_port}>
    DocumentRoot "{folder}/shop"
    DirectoryIndex index.php
    ErrorDocument 404 /missing.php
    <Directory "{folder}/shop">
        Options -Indexes
        Require all granted
    </Directory>
    <FilesMatch "\\.php$">
        SetHandler application/x-httpd-php
    </FilesMatch>
    php_admin_flag expose_php On
    php_admin_flag display_errors On
    php_admin_flag html_errors On
</VirtualHost>
"""

APACHE_HARDENED = """
ServerTokens Prod
ServerSignature Off
TraceEnable Off
Listen {address}:{port}
DocumentRoot "{folder}/site"
DirectoryIndex index.html
<Directory "{folder}/site">
    Options -Indexes
    Require all granted
</Directory>
<Location "/server-status">
    SetHandler server-status
    Require all denied
</Location>
"""

NGINX = """
{user}
worker_processes 1;
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/nginx.err warn;
events {{ worker_connections 64; }}
http {{
    access_log {folder}/nginx.access combined;
    default_type text/html;
    client_body_temp_path {folder}/tmp; proxy_temp_path {folder}/tmp; fastcgi_temp_path {folder}/tmp;
    uwsgi_temp_path {folder}/tmp; scgi_temp_path {folder}/tmp;
    server {{
        listen {address}:{plain_port};
        listen {address}:{tls_port} ssl;
        ssl_certificate {folder}/cert.pem;
        ssl_certificate_key {folder}/key.pem;
        root {folder}/plain;
        index index.html;
    }}
    server {{
        listen {address}:{quiet_port};
        server_tokens off;
        autoindex on;
        root {folder}/quiet;
    }}
}}
"""


class RealServers:
    """What is running: a port for each kind of site, and the versions as the programs themselves tell them."""

    def __init__(self) -> None:
        self.ports = {
            name: free_port()
            for name in ("apache-listing", "apache-php", "apache-hardened", "nginx", "nginx-tls", "nginx-quiet")
        }
        self.folder = Path()
        self.apache_version = version_of(["apache2", "-v"], "Apache/")
        self.nginx_version = version_of(["nginx", "-v"], "nginx/")

    def access_logs(self) -> list[Path]:
        """What the servers wrote down of whom they answered."""
        return sorted(self.folder.rglob("*.access"))


def find_program(name: str) -> str | None:
    """Where a program lies; system folders are looked at even where the path of the user leaves them out."""
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:{PROGRAM_FOLDERS}")


def require_programs() -> None:
    """Skip where the servers are not installed; in continuous integration they must be."""
    missing = [name for name in ("nginx", "apache2") if find_program(name) is None]
    if not missing and not list(MODULES.glob("libphp*.so")):
        missing = ["libapache2-mod-php"]
    if missing:
        sentence = f"{', '.join(missing)} not installed; scripts/install-debian.sh installs it (needs root and apt)"
        if os.environ.get("CI") == "true":
            pytest.fail(sentence)
        pytest.skip(sentence)


def version_of(command: Sequence[str], before: str) -> str:
    """The version that a program prints behind its name."""
    program = find_program(command[0])
    assert program is not None
    said = subprocess.run([program, *command[1:]], capture_output=True, text=True, check=True, timeout=20)
    return (said.stdout + said.stderr).partition(before)[2].split()[0]


@contextmanager
def real_servers(more_pages: Mapping[str, str] = MappingProxyType({})) -> Iterator[RealServers]:
    """Start all servers, and end them whatever happens; ``more_pages`` are served beside the usual ones."""
    require_programs()
    servers = RealServers()
    # Workers that gave up root must be able to read the sites; a test's own folder is closed to others.
    with tempfile.TemporaryDirectory(prefix="ebbtide-real-") as name, ExitStack() as running:
        folder = servers.folder = Path(name)
        folder.chmod(0o755)
        write_sites(folder, more_pages)
        write_certificate(folder)
        commands = (nginx_command(folder, servers), *apache_commands(folder, servers))
        for number, command in enumerate(commands):
            running.enter_context(running_server(command, folder / f"start-{number}.err"))
        for port in servers.ports.values():
            wait_until_open(port, folder)
        yield servers


def write_sites(folder: Path, more_pages: Mapping[str, str]) -> None:
    """The pages that are served."""
    pages = {
        "plain/index.html": "<title>Plain</title><h1>Welcome</h1>",
        "quiet/notes.txt": "notes",
        "listing/backup.txt": "old",
        "site/index.html": "<title>Hardened</title><h1>Welcome</h1>",
        "shop/index.php": "<title>Shop</title><p id=version><?php echo PHP_VERSION; ?></p>",
        "shop/missing.php": "<title>404</title><?php include 'absent-part.inc'; ?>Not found",
        **more_pages,
    }
    for name, text in pages.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (folder / "tmp").mkdir()


def write_certificate(folder: Path) -> None:
    """A self-signed certificate for nginx."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "real.test")])
    start = datetime.now(UTC) - timedelta(days=1)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=30))
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )


def nginx_command(folder: Path, servers: RealServers) -> list[str]:
    """Write nginx's configuration."""
    config = folder / "nginx.conf"
    text = NGINX.format(
        folder=folder,
        address=ADDRESS,
        user="user www-data;" if os.geteuid() == 0 else "",
        plain_port=servers.ports["nginx"],
        tls_port=servers.ports["nginx-tls"],
        quiet_port=servers.ports["nginx-quiet"],
    )
    config.write_text(text, encoding="utf-8")
    return ["nginx", "-p", str(folder), "-e", str(folder / "nginx.err"), "-c", str(config)]


def apache_commands(folder: Path, servers: RealServers) -> Iterator[list[str]]:
    """Write the configurations of both Apaches: how much it tells of itself is one setting for a whole process."""
    php = next(iter(sorted(MODULES.glob("libphp*.so"))))
    sites = {
        "open": (APACHE_OPEN, f'LoadModule php_module "{php}"'),
        "hardened": (APACHE_HARDENED, ""),
    }
    for name, (text, more) in sites.items():
        own = folder / f"apache-{name}"
        own.mkdir()
        modules = "\n".join(f'LoadModule {each}_module "{MODULES}/mod_{each}.so"' for each in APACHE_MODULES)
        identity = "User www-data\nGroup www-data" if os.geteuid() == 0 else ""
        common = APACHE_COMMON.format(folder=own, modules=f"{modules}\n{more}", identity=identity)
        site = text.format(
            folder=folder,
            address=ADDRESS,
            listing_port=servers.ports["apache-listing"],
            php_port=servers.ports["apache-php"],
            port=servers.ports["apache-hardened"],
        )
        config = own / "apache.conf"
        config.write_text(common + site, encoding="utf-8")
        yield ["apache2", "-f", str(config), "-DFOREGROUND"]


@contextmanager
def running_server(command: Sequence[str], log: Path) -> Iterator[None]:
    """Run one server as our own child, and wait for its end; what it says before it has a log of its own is kept."""
    program = find_program(command[0])
    assert program is not None
    with log.open("wb") as said:
        process = subprocess.Popen(
            [program, *command[1:]],
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            start_new_session=True,  # Apache ends its whole process group with itself, and that must not be ours
        )
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(END_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(END_S)


def wait_until_open(port: int, folder: Path) -> None:
    """Wait until somebody listens at a port; say what the servers wrote if nobody does."""
    end = time.monotonic() + START_S
    while time.monotonic() < end:
        try:
            with socket.create_connection((ADDRESS, port), timeout=1):
                return
        except OSError:
            time.sleep(0.05)
    logs = [*folder.glob("*.err"), *folder.glob("*/error.log")]
    pytest.fail(f"nobody listens at {port}: " + "\n".join(log.read_text(errors="replace") for log in logs))
