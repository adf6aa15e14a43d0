"""How a machine answers in one month: from path and host to a page and its values."""

from typing import NamedTuple

from ebbtide.lab.history import MachineMonth
from ebbtide.lab.holes import ADMIN, BACKDOOR, IDA, PATH, REACHABLE, SCRIPT
from ebbtide.lab.page_rules import patch_mark
from ebbtide.lab.pages import Page, echo, http_date
from ebbtide.lab.population import Machine, Traits
from ebbtide.lab.scenario_records import BASE_FAMILY, Scenario

FRONT = b"/"
ICON = b"/favicon.ico"
ADMIN_PATHS = frozenset({b"/iisadmin", b"/iisadmin/"})
FILTER_ENDINGS = (b".ida", b".idq")


class Reply(NamedTuple):
    """What is sent: the head up to the value of ``Content-Length``, and the body."""

    page: Page
    body: bytes


class PageShelf:
    """The pages of one month, each made once for all machines that say the same."""

    def __init__(self, scenario: Scenario, month: str) -> None:
        self.scenario = scenario
        self._date = http_date(scenario, month)
        self._pages: dict[tuple[str, str | None, str], Page] = {}
        self.values = {
            "month": month.encode("ascii"),
            "date": scenario.months[month].date.encode("ascii"),
            "patch_mark": patch_mark(scenario).encode("ascii"),
        }
        self._banners = {
            (family_id, version.id): version.banner
            for family_id, family in scenario.families.items()
            for version in family.versions
        }

    def page(self, text_id: str, banner: str | None, infection: str = "") -> Page:
        """Give the page of a text; ``infection`` is the id of the text that a worm appended to it."""
        key = (text_id, banner, infection)
        page = self._pages.get(key)
        if page is None:
            suffix = self.scenario.texts[infection].body if infection else ""
            page = self._pages[key] = Page(self.scenario.texts[text_id], banner, self._date, suffix)
        return page

    def banner(self, traits: Traits, version: str) -> str | None:
        """What stands in the ``Server`` field; ``None``: no such field."""
        return traits.mask if traits.is_masked else self._banners[traits.family, version]


class Persona:
    """One machine in one month, ready to answer."""

    def __init__(self, shelf: PageShelf, machine: Machine, state: MachineMonth) -> None:
        self.machine = machine
        self.state = state
        self.drops = state.traits.drops
        self._shelf = shelf
        self._is_base = state.traits.family == BASE_FAMILY
        self._hosts = {name.encode("ascii"): name.encode("ascii") for name in machine.names}
        self._default_host = machine.names[0].encode("ascii")
        self._banner = shelf.banner(state.traits, state.version)
        self._front: Page | None = None

    def reply(self, host: bytes, target: bytes) -> Reply:
        """Answer a GET.

        Args:
            host: The ``Host`` field without port, lower case; what is no name of this machine gets its first site.
            target: Path and query as requested.
        """
        path = target.partition(b"?")[0]
        page = self._page(path)
        name = path.rpartition(b"/")[2]
        holes = self.state.holes
        values = {
            **self._shelf.values,
            "host": self._hosts.get(host, self._default_host),
            "path": echo(path),
            "name": echo(name),
        }
        root = self.state.traits.root.encode("ascii", "replace") + b"\\" if PATH in holes else b""
        values["file"] = root + values["name"]
        if IDA in holes:
            values["patch_mark"] = b""
        return Reply(page, page.body(values))

    def _page(self, path: bytes) -> Page:
        if path == FRONT:
            return self._front_page()
        texts, everything = self.state.traits.texts, self.state.traits.everything
        if everything:
            return self._front_page() if everything == "front" or "welcome" not in texts else self._role("welcome")
        lower = path.lower()
        if self._is_base:
            if lower in ADMIN_PATHS:
                return self._role("admin" if ADMIN in self.state.holes else "admin_closed")
            if REACHABLE in self.state.holes and lower.endswith(FILTER_ENDINGS):
                return self._role("index_error")
        return self._role("icon" if path == ICON else "not_found")

    def _front_page(self) -> Page:
        if self._front is None:
            texts, holes = self.state.traits.texts, self.state.holes
            role = "script_source" if SCRIPT in holes else "front"
            infection = texts["infection"] if BACKDOOR in holes else ""
            self._front = self._shelf.page(texts[role], self._banner, infection)
        return self._front

    def _role(self, role: str) -> Page:
        texts = self.state.traits.texts
        return self._shelf.page(texts.get(role) or texts["not_found"], self._banner)
