"""What must hold for the events of a scenario, for its arms, and for the holes that strata begin with."""

import ipaddress
from collections.abc import Iterable
from pathlib import Path
from typing import NoReturn

from ebbtide.lab.errors import ScenarioError
from ebbtide.lab.scenario_events import (
    AnyEvent,
    Detector,
    Entry,
    Exit,
    Firewall,
    Letters,
    Mending,
    Patch,
    Renewal,
    Renumbering,
    Worm,
)
from ebbtide.lab.scenario_records import BASE_FAMILY, Hole, Script

HOLES = ("code-red-ida-reachable", "code-red-ida", "admin-pages", "server-path", "script-source", "backdoor-mark")
"""Holes that a stratum can begin with, and that can be mended."""

_FILTER, _WITHIN_FILTER = HOLES[0], (HOLES[1], HOLES[3])
_MARK = ("code-red-ida", "patch_mark")
_LOOPBACK = ipaddress.IPv4Network("127.0.0.0/8")


def check_events(script: Script, file: Path) -> None:
    """Hold events, arms and the strata's own holes against all rules.

    Raises:
        ScenarioError: The first rule that is broken.
    """
    rules = _EventRules(script, file)
    rules.check_strata()
    rules.check_arms()
    for place, event in enumerate(script.events):
        rules.check_event(f"events[{place}]", event)
    rules.check_order()


class _EventRules:
    def __init__(self, script: Script, file: Path) -> None:
        self.script = script
        self.file = file
        self.months = script.month_labels()

    def fail(self, key: str, sentence: str) -> NoReturn:
        raise ScenarioError(self.file, key, sentence)

    def check_strata(self) -> None:
        has_rates = any(hole.rates for hole in self._rate_tables())
        for stratum_id, stratum in self.script.strata.items():
            key = f"strata.{stratum_id}.holes"
            for check in stratum.holes:
                self._check_hole(f"{key}.{check}", check)
                if check in _WITHIN_FILTER and stratum.holes[check] > stratum.holes.get(_FILTER, 0.0):
                    self.fail(f"{key}.{check}", f"exceeds {_FILTER}, whose reply reveals it")
            if stratum.holes and has_rates:
                self.fail(key, "stands beside holes with rates; a scenario has the one or the other")
            if stratum.holes and BASE_FAMILY not in stratum.families:
                self.fail(key, f"needs servers of {BASE_FAMILY} in the stratum")

    def _rate_tables(self) -> Iterable[Hole]:
        return (getattr(self.script.holes, field) for field in type(self.script.holes).__struct_fields__)

    def check_arms(self) -> None:
        if self.script.arms and not sum(self.script.arms.values()) > 0:
            self.fail("arms", "needs at least one share above 0")

    def check_event(self, key: str, event: AnyEvent) -> None:
        if sum(each.id == event.id for each in self.script.events) > 1:
            self.fail(f"{key}.id", f"{event.id} stands there twice")
        self._check_month(f"{key}.month", event.month)
        for stratum in event.strata:
            if stratum not in self.script.strata:
                self.fail(f"{key}.strata", f"{stratum} is no stratum of this scenario")
        match event:
            case Patch() | Worm():
                self._check_mends(key, event.mends)
            case Letters():
                self._check_mends(key, event.mends)
                self._check_arm(f"{key}.control", event.control)
            case Renewal():
                self._check_tls(key, event)
            case Detector():
                self._check_detector(key, event)
            case Firewall():
                self._check_firewall(key, event)
            case Entry() | Exit() | Renumbering():
                pass  # They say nothing but when and whose.

    def check_order(self) -> None:
        """Refuse a stratum that enters, leaves or moves twice or leaves before it is there, and an empty first list."""
        seen: dict[tuple[type, str], int] = {}
        for place, event in enumerate(self.script.events):
            if not isinstance(event, Entry | Exit | Renumbering):
                continue
            for stratum in event.strata or self.script.strata:
                if (type(event), stratum) in seen:
                    self.fail(f"events[{place}].strata", f"{stratum} has such an event already")
                seen[type(event), stratum] = self.months.index(event.month)
        for (kind, stratum), month in seen.items():
            if kind is Exit and month <= seen.get((Entry, stratum), 0):
                self.fail("events", f"{stratum} leaves the list before a round found it there")
        if all((Entry, stratum) in seen for stratum in self.script.strata):
            self.fail("events", "nobody is in the list of the first month")

    def _check_mends(self, key: str, mends: Iterable[Mending]) -> None:
        for place, mending in enumerate(mends):
            self._check_hole(f"{key}.mends[{place}].check", mending.check)
            if mending.arm:
                self._check_arm(f"{key}.mends[{place}].arm", mending.arm)

    def _check_arm(self, key: str, arm: str) -> None:
        if arm not in self.script.arms:
            self.fail(key, f"{arm} is no arm of this scenario")

    def _check_hole(self, key: str, check: str) -> None:
        if check not in HOLES:
            self.fail(key, f"{check} is none of {', '.join(HOLES)}")

    def _check_month(self, key: str, label: str) -> None:
        if label not in self.script.months:
            self.fail(key, f"{label} is no month of this scenario")

    def _check_tls(self, key: str, event: Renewal) -> None:
        for stratum in event.strata or self.script.strata:
            if not self.script.strata[stratum].is_tls:
                self.fail(f"{key}.strata", f"{stratum} has no TLS, so there is no certificate to renew")

    def _check_detector(self, key: str, event: Detector) -> None:
        if (event.check, event.parameter) != _MARK:
            self.fail(f"{key}.parameter", f"{event.check}.{event.parameter} cannot change; {'.'.join(_MARK)} can")
        if sum(isinstance(each, Detector) for each in self.script.events) > 1:
            self.fail(key, "a check can get better once in a scenario")
        if not event.before.isascii() or event.before == event.value:
            self.fail(f"{key}.before", "must be ASCII, and not what the check is told later")
        sets = [assumption.sets for assumption in self.script.assumptions if assumption.sets is not None]
        if all((each.check, each.parameter, each.value) != (*_MARK, event.value) for each in sets):
            self.fail(f"{key}.value", "must be what an assumption sets")

    def _check_firewall(self, key: str, event: Firewall) -> None:
        try:
            is_loopback = ipaddress.IPv4Address(event.source) in _LOOPBACK
        except ValueError:
            is_loopback = False
        if not is_loopback:
            self.fail(f"{key}.source", f"{event.source[:60]} is no address inside {_LOOPBACK}")
        if event.until:
            self._check_month(f"{key}.until", event.until)
            if self.months.index(event.until) <= self.months.index(event.month):
                self.fail(f"{key}.until", f"{event.until} is not after {event.month}")
