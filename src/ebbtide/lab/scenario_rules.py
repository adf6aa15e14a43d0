"""What must hold between the keys of a scenario; each rule names the key that breaks it."""

import datetime as dt
import ipaddress
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NoReturn

from ebbtide.lab.errors import ScenarioError
from ebbtide.lab.event_rules import check_events
from ebbtide.lab.page_rules import check_pages, check_texts
from ebbtide.lab.population import renumbered_strata
from ebbtide.lab.scenario_records import BASE_FAMILY, EVERY_FAMILY, Absence, Hole, Leaving, Script

SMALLEST_PREFIX = 24
LOOPBACK = ipaddress.IPv4Network("127.0.0.0/8")
CLOSE_ENOUGH = 1e-6
MOST_NAMES = 200
_HOST = re.compile(r"^(?=.{1,200}$)[0-9a-z]([0-9a-z-]{0,61}[0-9a-z])?(\.[0-9a-z]([0-9a-z-]{0,61}[0-9a-z])?)+\Z")


def check_script(script: Script, file: Path) -> None:
    """Hold the scenario against all rules.

    Raises:
        ScenarioError: The first rule that is broken.
    """
    rules = _Rules(script, file)
    rules.check_months()
    rules.check_network()
    rules.check_hosts()
    rules.check_families()
    rules.check_strata()
    rules.check_events()
    rules.check_oddities()
    rules.check_holes()
    rules.check_assumptions()
    check_texts(script, file)
    check_pages(script, file)
    check_events(script, file)


class _Rules:
    def __init__(self, script: Script, file: Path) -> None:
        self.script = script
        self.file = file

    def fail(self, key: str, sentence: str) -> NoReturn:
        raise ScenarioError(self.file, key, sentence)

    def check_months(self) -> None:
        seen: dict[dt.date, str] = {}
        for label, month in self.script.months.items():
            key = f"months.{label}.date"
            try:
                date = dt.date.fromisoformat(month.date)
            except ValueError:
                self.fail(key, f"{month.date} is no date")
            if date in seen:
                self.fail(key, f"{month.date} is the date of {seen[date]} too")
            seen[date] = label

    def check_network(self) -> None:
        network = self.script.network
        key = "network.block"
        try:
            block = ipaddress.IPv4Network(network.block)
        except ValueError as error:
            self.fail(key, f"{error}")
        if not block.subnet_of(LOOPBACK) or block.prefixlen > SMALLEST_PREFIX:
            self.fail(key, f"{block} must be a prefix of /24 or larger inside {LOOPBACK}")
        prefixes = 2 ** (SMALLEST_PREFIX - block.prefixlen) - int(block.network_address == LOOPBACK.network_address)
        moving = renumbered_strata(self.script)
        servers = sum(each.servers * (2 if name in moving else 1) for name, each in self.script.strata.items())
        if prefixes * network.servers_per_prefix < servers:
            self.fail(key, f"{block} has no room for {servers:,} servers, {network.servers_per_prefix} in a /24")

    def check_hosts(self) -> None:
        pattern = self.script.hosts.pattern
        key = "hosts.pattern"
        if pattern.count("{number}") != 1:
            self.fail(key, "must hold {number} once, for names must differ")
        for index, word in enumerate(self.script.hosts.words):
            host = pattern.replace("{word}", word).replace("{number}", "1234567")
            if not _HOST.match(host) or host.rpartition(".")[2].isdigit():
                place = key if "{word}" not in pattern else f"hosts.words[{index}]"
                self.fail(
                    place, f"{host} is no host name in lower case with at least one dot and no number behind the last"
                )

    def check_families(self) -> None:
        for family_id, family in self.script.families.items():
            key = f"families.{family_id}"
            self._check_shares(f"{key}.languages", family.languages)
            self._check_shares(f"{key}.roots", family.roots)
            self._check_names(f"{key}.names_per_address", family.names_per_address)
            self._check_unique(f"{key}.versions", (version.id for version in family.versions))
            self._check_shares(f"{key}.versions", {version.id: version.share for version in family.versions})

    def _check_names(self, key: str, names_per_address: Mapping[str, float]) -> None:
        self._check_shares(key, names_per_address)
        for number in names_per_address:
            if not (number.isascii() and number.isdigit() and 1 <= int(number[:6]) <= MOST_NAMES):
                self.fail(f"{key}.{number}", f"is no number of names from 1 to {MOST_NAMES}")

    def check_strata(self) -> None:
        strata = self.script.strata
        for stratum_id, stratum in strata.items():
            key = f"strata.{stratum_id}"
            self._check_shares(f"{key}.families", stratum.families)
            for family in stratum.families:
                self._check_family(f"{key}.families.{family}", family)
            if stratum.names_per_address:
                self._check_names(f"{key}.names_per_address", stratum.names_per_address)
            if stratum.share_of_names is not None:
                self._check_share_of_names(stratum_id)
        weighted = [stratum_id for stratum_id, stratum in strata.items() if stratum.weight is not None]
        if weighted and len(weighted) < len(strata):
            missing = next(stratum_id for stratum_id in strata if stratum_id not in weighted)
            self.fail(f"strata.{missing}.weight", "is missing: either every stratum has a weight or none")
        if sum(stratum.share_of_names or 0 for stratum in strata.values()) > 1 + CLOSE_ENOUGH:
            self.fail("strata", "the shares of names exceed 1")

    def _check_share_of_names(self, stratum_id: str) -> None:
        stratum = self.script.strata[stratum_id]
        key = f"strata.{stratum_id}.share_of_names"
        if stratum.weight is not None:
            self.fail(key, "stands beside a weight; only one of them can hold")
        if not stratum.share_of_names:
            self.fail(key, "must be above 0")
        if len(stratum.families) != 1:
            self.fail(key, "needs a stratum of one family")
        (family,) = stratum.families
        others = (other for name, other in self.script.strata.items() if name != stratum_id)
        if any(family in other.families for other in others):
            self.fail(key, f"cannot hold, for another stratum has {family} too")

    def check_events(self) -> None:
        for label, upgrades in self.script.upgrades.items():
            self._check_month(f"upgrades.{label}", label)
            for index, upgrade in enumerate(upgrades):
                key = f"upgrades.{label}[{index}]"
                self._check_version(f"{key}.from", upgrade.family, upgrade.from_version)
                self._check_version(f"{key}.to", upgrade.family, upgrade.to_version)
        for label, leavings in self.script.leavers.items():
            self._check_month(f"leavers.{label}", label)
            for index, leaving in enumerate(leavings):
                self._check_leaving(f"leavers.{label}[{index}]", leaving)
        for label, absences in self.script.absences.items():
            self._check_month(f"absences.{label}", label)
            for index, absence in enumerate(absences):
                self._check_absence(f"absences.{label}[{index}]", absence)

    def _check_absence(self, key: str, absence: Absence) -> None:
        if absence.family != EVERY_FAMILY:
            self._check_family(f"{key}.family", absence.family)
        for stratum in absence.strata:
            if stratum not in self.script.strata:
                self.fail(f"{key}.strata", f"{stratum} is no stratum of this scenario")
        if absence.refused + absence.silent > 1 + CLOSE_ENOUGH:
            self.fail(key, "refused and silent exceed 1")

    def _check_leaving(self, key: str, leaving: Leaving) -> None:
        self._check_family(f"{key}.family", leaving.family)
        if abs(leaving.competitor + leaving.refused + leaving.silent - 1) > CLOSE_ENOUGH:
            self.fail(key, "competitor, refused and silent must add up to 1")
        if leaving.competitor:
            self._check_shares(f"{key}.competitors", leaving.competitors)
        for family in leaving.competitors:
            self._check_family(f"{key}.competitors.{family}", family)
            if family == leaving.family:
                self.fail(f"{key}.competitors.{family}", "is no competitor of itself")

    def check_oddities(self) -> None:
        odd = self.script.oddities
        for name, shares in (
            ("answers_everything", odd.answers_everything.shares),
            ("masked", odd.masked.shares),
            ("drops_first", odd.drops_first.shares),
        ):
            for family in shares:
                if family != EVERY_FAMILY:
                    self._check_family(f"oddities.{name}.shares.{family}", family)
        kinds = odd.answers_everything
        self._check_shares("oddities.answers_everything", {"front": kinds.front, "welcome": kinds.welcome})
        drops = odd.drops_first
        ways = {"accept": drops.accept, "request": drops.request, "body": drops.body}
        self._check_shares("oddities.drops_first", ways)
        self._check_shares("oddities.masked.banners", {str(i): b.share for i, b in enumerate(odd.masked.banners)})
        for index, banner in enumerate(odd.masked.banners):
            if banner.value is not None and re.search(r"[/\d]|\s\S", banner.value.strip()):
                self.fail(f"oddities.masked.banners[{index}].value", f"{banner.value} names a product")

    def check_holes(self) -> None:
        holes = self.script.holes
        named = {name: getattr(holes, field) for field, name in _hole_names().items()}
        for name, hole in named.items():
            for label in hole.rates:
                self._check_month(f"holes.{name}.rates.{label}", label)
        if any(rate > 0 for hole in named.values() for rate in hole.rates.values()):
            self._check_family("holes", BASE_FAMILY)
        for name, hole in (("code-red-ida", holes.ida), ("server-path", holes.path)):
            self._check_within(name, hole, holes.reachable)

    def _check_within(self, name: str, hole: Hole, reachable: Hole) -> None:
        """A hole that only the filter's reply reveals cannot be on more servers than the filter."""
        now, most = 0.0, 0.0
        for label in self.script.month_labels():
            now, most = hole.rates.get(label, now), reachable.rates.get(label, most)
            if label in hole.rates and now > most + CLOSE_ENOUGH:
                self.fail(f"holes.{name}.rates.{label}", f"{now} exceeds code-red-ida-reachable, which is {most}")

    def check_assumptions(self) -> None:
        self._check_unique("assumptions", (assumption.id for assumption in self.script.assumptions))
        parameters = [(a.sets.check, a.sets.parameter) for a in self.script.assumptions if a.sets is not None]
        self._check_unique("assumptions", (f"{check}.{parameter}" for check, parameter in parameters))
        for index, assumption in enumerate(self.script.assumptions):
            if assumption.sets is not None and not assumption.sets.value.isascii():
                self.fail(f"assumptions[{index}].sets.value", "must be ASCII, for replies come in several charsets")

    def _check_month(self, key: str, label: str) -> None:
        if label not in self.script.months:
            self.fail(key, f"{label} is no month of this scenario")

    def _check_family(self, key: str, family: str) -> None:
        if family not in self.script.families:
            self.fail(key, f"{family} is no family of this scenario")

    def _check_version(self, key: str, family: str, version: str) -> None:
        self._check_family(key, family)
        if all(version != known.id for known in self.script.families[family].versions):
            self.fail(key, f"{version} is no version of {family}")

    def _check_shares(self, key: str, shares: Mapping[str, float]) -> None:
        if not sum(shares.values()) > 0:
            self.fail(key, "needs at least one share above 0")

    def _check_unique(self, key: str, ids: Iterable[str]) -> None:
        seen: set[str] = set()
        for name in ids:
            if name in seen:
                self.fail(key, f"{name} stands there twice")
            seen.add(name)


def _hole_names() -> dict[str, str]:
    """Field of ``Holes`` to the name of its check."""
    return {
        "reachable": "code-red-ida-reachable",
        "ida": "code-red-ida",
        "admin": "admin-pages",
        "path": "server-path",
        "script": "script-source",
        "backdoor": "backdoor-mark",
        "any_hole": "any-hole",
    }
