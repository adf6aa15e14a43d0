import subprocess
import sys

HEAVY = ("numpy", "scipy", "pyarrow", "duckdb", "altair", "uvloop", "OpenSSL", "lxml", "jinja2")
PROGRAM = """
import sys
from ebbtide.cli.app import main
sys.argv = ["ebbtide", "--help"]
try:
    main()
except SystemExit as end:
    assert end.code in (0, None), end.code
print("LOADED", *(name for name in sys.modules if name in {names}))
"""


def test_help_loads_none_of_the_heavy_libraries() -> None:
    program = PROGRAM.replace("{names}", repr(set(HEAVY)))
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert result.stdout.splitlines()[-1].strip() == "LOADED"


def test_importing_the_package_does_nothing() -> None:
    program = "import sys; before = set(sys.modules); import ebbtide; print(sorted(set(sys.modules) - before))"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert result.stdout.strip() == "['ebbtide']"
