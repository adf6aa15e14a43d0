from hostile_farm.servers import SERVERS, THEMES
from hostile_farm.table import PAGE, render


def test_the_page_on_hostile_company_is_what_the_tests_hold_the_probe_to() -> None:
    assert PAGE.read_text(encoding="utf-8") == render(), "docs/hostile.md is out of date; run `make docs`"


def test_the_page_names_every_theme_and_has_a_row_for_every_server() -> None:
    page = PAGE.read_text(encoding="utf-8")
    for theme, servers in THEMES.items():
        section = page.split(f"## {theme}\n")[1].split("\n## ")[0]
        assert len([line for line in section.splitlines() if line.startswith("| ")]) == len(servers) + 1
    assert all(f"| {server.does}" in page for server in SERVERS)
