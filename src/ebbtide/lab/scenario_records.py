"""What a scenario may say: frozen records; ``docs/scenarios.md`` explains each key."""

from pathlib import Path
from typing import Annotated

import msgspec

from ebbtide.lab.scenario_events import AnyEvent
from ebbtide.lab.scenario_values import Fraction, Label, Name, Positive, Share

EVERY_FAMILY = "*"

BASE_FAMILY = "microsoft-iis"
"""The family that all checks of 2001 are about."""


class Sets(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The check's parameter that an assumption sets."""

    check: Name
    parameter: Name
    value: Annotated[str, msgspec.Meta(min_length=1, max_length=500)]


class Assumption(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One thing that is not on record and was decided by the author of the scenario.

    Attributes:
        id: Short name.
        text: The assumption, in a sentence that a reader of the report understands.
        covers: Dotted keys of the scenario that rest on it.
        sets: The check's parameter that follows from it.
    """

    id: Name
    text: Annotated[str, msgspec.Meta(min_length=1)]
    covers: tuple[str, ...] = ()
    sets: Sets | None = None


class Month(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One round: its reference date."""

    date: Annotated[str, msgspec.Meta(pattern=r"^\d{4}-\d{2}-\d{2}\Z")]


class Network(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the servers live.

    Attributes:
        block: Prefix inside 127.0.0.0/8 that all addresses are taken from.
        servers_per_prefix: At most so many servers in one /24.
        port: The one port of all servers.
    """

    block: str = "127.32.0.0/11"
    servers_per_prefix: Annotated[int, msgspec.Meta(ge=1, le=200)] = 16
    port: Annotated[int, msgspec.Meta(ge=1, le=65535)] = 8001


class Hosts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How host names are made: a pattern with ``{word}`` and ``{number}``."""

    pattern: str = "www.{word}-{number}.example"
    words: Annotated[tuple[Name, ...], msgspec.Meta(min_length=1)] = ("site",)


class Stratum(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A group of servers that is sampled at a rate of its own.

    Attributes:
        servers: Addresses in it at scale 1.
        families: Shares of its addresses by family in the first month.
        share_of_names: Share of all answered host names that its one family shall have; the weight follows from it.
        weight: Weight of each of its names, where no share is wanted.
        names_per_address: As in ``Family``, for all of its servers; the family's own if there is none.
        is_tls: Its servers speak TLS.
        holes: Check to the share of its servers of the base family that have it when they come into the list.
    """

    servers: Annotated[int, msgspec.Meta(ge=1, le=100_000)]
    families: Annotated[dict[Name, Share], msgspec.Meta(min_length=1)]
    share_of_names: Fraction | None = None
    weight: Positive | None = None
    names_per_address: dict[str, Share] = {}
    is_tls: bool = msgspec.field(default=False, name="tls")
    holes: dict[Name, Fraction] = {}


class Text(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One reply: status line, extra fields, and a body with placeholders."""

    status: Annotated[int, msgspec.Meta(ge=200, le=599)] = 200
    reason: Annotated[str, msgspec.Meta(pattern=r"^[ -~]{0,100}\Z")] = "OK"
    content_type: Annotated[str, msgspec.Meta(pattern=r"^[ -~]{0,100}\Z")] = "text/html"
    charset: Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Za-z_-]{1,40}\Z")] = "utf-8"
    declares_charset: bool = False
    fields: dict[
        Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Za-z-]{1,60}\Z")],
        Annotated[str, msgspec.Meta(pattern=r"^[ -~]{0,500}\Z")],
    ] = {}
    body: str = ""


class Choice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One text that may play a role, for servers of one language or for those whose language has none."""

    text: str
    share: Share = 1.0
    language: str = ""


class Pages(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which texts play which role.

    Attributes:
        front: The page ``/``.
        not_found: The reply for a name that is absent.
        index_error: The indexing filter's own reply for an absent ``.ida`` name.
        admin: The administration pages, open.
        admin_closed: What stands there when they are closed; ``not_found`` if empty.
        script_source: A front page with unexecuted server tags.
        infection: Appended to the front page of an infected server.
        welcome: What a server that answers everything says, unless it repeats its front page.
        icon: ``/favicon.ico``; ``not_found`` if empty.
    """

    front: tuple[Choice, ...] = ()
    not_found: tuple[Choice, ...] = ()
    index_error: tuple[Choice, ...] = ()
    admin: tuple[Choice, ...] = ()
    admin_closed: tuple[Choice, ...] = ()
    script_source: tuple[Choice, ...] = ()
    infection: tuple[Choice, ...] = ()
    welcome: tuple[Choice, ...] = ()
    icon: tuple[Choice, ...] = ()


class Version(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One version of a family: its ``Server`` field and its share."""

    id: Name
    banner: Annotated[str, msgspec.Meta(pattern=r"^[ -~]{1,300}\Z")]
    share: Share = 1.0


class Family(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Servers of one make.

    Attributes:
        names_per_address: Number of host names on an address to the share of addresses that hold so many.
        versions: In the first month.
        languages: Shares of the languages of error texts.
        roots: Shares of web roots, directories with drive letter, for replies that reveal them.
        pages: Which texts play which role.
    """

    versions: Annotated[tuple[Version, ...], msgspec.Meta(min_length=1)]
    pages: Pages
    names_per_address: Annotated[dict[str, Share], msgspec.Meta(min_length=1)] = msgspec.field(
        default_factory=lambda: {"1": 1.0}
    )
    languages: Annotated[dict[str, Share], msgspec.Meta(min_length=1)] = msgspec.field(
        default_factory=lambda: {"en": 1.0}
    )
    roots: Annotated[dict[str, Share], msgspec.Meta(min_length=1)] = msgspec.field(
        default_factory=lambda: {"C:\\Inetpub\\wwwroot": 1.0}
    )


class Hole(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Share of the base family's answering servers that have it, by month; a month that is not named mends nobody."""

    rates: dict[Label, Fraction] = {}


class Holes(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The holes, by check; ``any-hole`` holds the share of those that have at least one."""

    reachable: Hole = msgspec.field(default=Hole(), name="code-red-ida-reachable")
    ida: Hole = msgspec.field(default=Hole(), name="code-red-ida")
    admin: Hole = msgspec.field(default=Hole(), name="admin-pages")
    path: Hole = msgspec.field(default=Hole(), name="server-path")
    script: Hole = msgspec.field(default=Hole(), name="script-source")
    backdoor: Hole = msgspec.field(default=Hole(), name="backdoor-mark")
    any_hole: Hole = msgspec.field(default=Hole(), name="any-hole")


class Upgrade(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """In a month, a share of a family's servers of one version changes to another."""

    family: str
    from_version: str = msgspec.field(name="from")
    to_version: str = msgspec.field(name="to")
    share: Fraction


class Leaving(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """In a month, a share of a family's servers leaves for good.

    Attributes:
        family: Whose servers leave.
        share: Of that family's servers.
        competitor: Share of the leavers whose address runs another family from now on.
        refused: Share of the leavers that are taken down.
        silent: Share of the leavers behind a filter that drops everything.
        competitors: Shares of the families that they change to.
    """

    family: str
    share: Fraction
    competitor: Fraction = 0.0
    refused: Fraction = 0.0
    silent: Fraction = 0.0
    competitors: dict[str, Share] = {}


class Absence(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """In a month, a share of a family's servers (``*``: of all) does not answer and is back in the next.

    Attributes:
        strata: Only servers of these; of all if empty.
    """

    family: str = EVERY_FAMILY
    refused: Fraction = 0.0
    silent: Fraction = 0.0
    strata: tuple[Name, ...] = ()


class AnswersEverything(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Servers that answer 200 to every name, with their front page or with a welcome page."""

    shares: dict[str, Fraction] = {}
    front: Share = 1.0
    welcome: Share = 0.0


class Banner(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A ``Server`` field that names no product; ``None``: no field at all."""

    value: Annotated[str, msgspec.Meta(pattern=r"^[ -~]{0,100}\Z")] | None = None
    share: Share = 1.0


class Masked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Servers that hide what they are, by family, and what they say instead."""

    shares: dict[str, Fraction] = {}
    banners: Annotated[tuple[Banner, ...], msgspec.Meta(min_length=1)] = (Banner(),)


class DropsFirst(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Servers that drop their first connection of the month and work when asked again.

    Attributes:
        shares: By family, or ``*`` for all.
        accept: Share of these that close as soon as they accepted.
        request: Share that closes when the request has come.
        body: Share that closes in the middle of the body.
    """

    shares: dict[str, Fraction] = {}
    accept: Share = 1.0
    request: Share = 1.0
    body: Share = 1.0


class Oddities(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Servers that make a survey's life hard. ``shares`` are by family, ``*`` for all that are not named."""

    answers_everything: AnswersEverything = AnswersEverything()
    masked: Masked = Masked()
    drops_first: DropsFirst = DropsFirst()


class Script(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The whole file: what happens to whom, and when."""

    format: Annotated[int, msgspec.Meta(ge=1, le=1)]
    name: Name
    title: str = ""
    seed: int = 0
    months: Annotated[dict[Label, Month], msgspec.Meta(min_length=1)]
    network: Network = Network()
    hosts: Hosts = Hosts()
    assumptions: tuple[Assumption, ...] = ()
    strata: Annotated[dict[Name, Stratum], msgspec.Meta(min_length=1)]
    families: Annotated[dict[Name, Family], msgspec.Meta(min_length=1)]
    texts: dict[Name, Text]
    holes: Holes = Holes()
    upgrades: dict[Label, tuple[Upgrade, ...]] = {}
    leavers: dict[Label, tuple[Leaving, ...]] = {}
    absences: dict[Label, tuple[Absence, ...]] = {}
    oddities: Oddities = Oddities()
    arms: dict[Name, Share] = {}
    events: tuple[AnyEvent, ...] = ()

    def month_labels(self) -> tuple[str, ...]:
        """Labels of the rounds, earliest reference date first."""
        return tuple(sorted(self.months, key=lambda label: (self.months[label].date, label)))


class Scenario(Script, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A script that was read and checked, and the file that it stands in."""

    file: Path
