"""What the operator writes in ``survey.toml``: frozen values, handed down; unknown keys are refused."""

from enum import StrEnum
from typing import Annotated, Literal

import msgspec

from ebbtide.model.targets import Level, SchemePolicy

Fraction = Annotated[float, msgspec.Meta(ge=0, le=1)]
SomeFraction = Annotated[float, msgspec.Meta(gt=0, le=1)]
Positive = Annotated[float, msgspec.Meta(gt=0)]
NotNegative = Annotated[float, msgspec.Meta(ge=0)]
Count = Annotated[int, msgspec.Meta(ge=1)]
Port = Annotated[int, msgspec.Meta(ge=1, le=65535)]


class Identity(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``[identity]``: who asks; needed for anything outside loopback, and checked before the first packet to a target.

    Attributes:
        organisation: Name of who runs the survey.
        page: URL of the page that explains it; ``/.well-known/probing.txt`` lies on the same server.
        contact: Mail address or URL for questions and opt-outs.
        purpose: Why the survey is made, in one sentence.
        opt_out: Mail address or URL for opt-outs, if it is not the contact.
        addresses: Addresses from which the survey asks, as others see them; found by itself where there is no address
            translation.
        languages: In which the contact can be written to (RFC 5646).
        reverse_dns_waiver: Why these addresses have no reverse DNS; a reason here stands in for it, and is logged.
    """

    organisation: str = ""
    page: str = ""
    contact: str = ""
    purpose: str = ""
    opt_out: str = ""
    addresses: tuple[str, ...] = ()
    languages: tuple[str, ...] = ("en",)
    reverse_dns_waiver: str = ""


class AuthoritySection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``[authority]``: who allows named paths outside loopback. Proofs of control are added by ``conduct prove``.

    Attributes:
        consents: Files of written consents, relative to the survey's folder.
        mandates: Files of mandates, relative to the survey's folder.
    """

    consents: tuple[str, ...] = ()
    mandates: tuple[str, ...] = ()


class CautionSection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``[caution]``: look before going on, and stop when something is wrong.

    Attributes:
        first_share: Share of the targets that is asked first, drawn by chance; the round then waits for a
            ``survey run --continue``. 0 or 1 means no wait.
        first_least: At least about so many are asked first; a smaller frame is asked without a wait.
        window: Over how many targets, the latest, the two shares below are taken; a tenth of it must have finished.
        least_answered: The run stops when a smaller share of them answers.
        most_answered: The run stops when a larger share of them answers: something between may answer for everybody.
        most_errors: The run stops when a larger share of them has an error that may be our own: unreachable, reset, a
            name server without an answer, an internal error.
        loopback: Hold to all this where nobody but loopback is asked, too.
    """

    first_share: Fraction = 0.01
    first_least: Count = 10
    window: Annotated[int, msgspec.Meta(ge=10)] = 2000
    least_answered: Fraction = 0.0
    most_answered: Fraction = 1.0
    most_errors: Fraction = 0.5
    loopback: bool = False


class FrameSource(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``[[frame.source]]``: one list of who can be asked.

    Attributes:
        path: File, relative to the survey's folder; ``-`` is standard input.
        format: ``list`` (host or host:port a line), ``csv`` (host[,address][,port][,scheme][,stratum][,weight], with or
            without a header), ``ranked`` (``1,example.org``), ``cidr`` (prefixes, every address a target).
        stratum: For lines that name none.
    """

    path: str
    format: Literal["list", "csv", "ranked", "cidr"] = "list"
    stratum: str = ""


class FrameSection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``[frame]``: the sources and what their lines mean where they are silent.

    Attributes:
        source: The lists.
        scheme: Of lines that name none: ``http`` or ``https``; ``https_first`` or ``http_first``, which ask in the
            other scheme if connecting or the handshake fails; ``both``, which makes two targets a line.
        port: Of lines that name none; the scheme's own if it is missing. Not with ``both``.
    """

    source: tuple[FrameSource, ...] = ()
    scheme: SchemePolicy = SchemePolicy.HTTP
    port: Port | None = None


class SampleSection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``[sample]``: only a part of the frame is asked, drawn by chance; without fractions every round is a census.

    What is drawn is the site (host), with all its targets. Who is drawn follows from the survey's secret in
    ``survey.json`` and is the same however often the round is begun. The rules of conduct act after the draw: who is
    out of scope or has opted out stays in the sample as not asked, so that a new opt-out moves nobody else and every
    weight still adds up to the frame.

    Attributes:
        fraction: Part of each stratum that is drawn, above 0 to 1; of those that ``fractions`` names, what it says.
        fractions: Stratum to its own fraction; ``""`` is the stratum of lines that name none.
        leaving: Part of the sample that each round replaces: 0 is a panel that stays, 0.25 a panel of which a quarter
            leaves, 1 a fresh sample every time.
        turns: Label of a round to its number in the series, from 0; a round that is not named is the next one after the
            last that was drawn.
    """

    fraction: SomeFraction | None = None
    fractions: dict[str, SomeFraction] = {}
    leaving: Fraction = 0.0
    turns: dict[str, Annotated[int, msgspec.Meta(ge=0, le=100_000)]] = {}

    @property
    def is_drawn(self) -> bool:
        """Whether a sample is drawn; if not, the round is a census of its frame."""
        return self.fraction is not None or bool(self.fractions)


class ScopeSection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``[scope]``: special-purpose ranges opened by name, and what is closed by the operator.

    Attributes:
        open: Prefixes inside IANA special-purpose ranges that this survey may ask, for example ``127.0.0.0/8``.
        exclude: Addresses, prefixes, host names or ``.domain`` suffixes that are never asked.
        opt_out: File of opt-outs, relative to the survey's folder; empty for none.
    """

    open: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    opt_out: str = ""


class NamesSection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``[names]``: who is asked for the addresses of names, and how gently. The hosts file is not read.

    Attributes:
        nameservers: Addresses of name servers, with ``:port`` if it is not 53; those of the system if empty. Several
            take turns.
        second_nameservers: Asked before a name is called failed or timed out; those of the system if empty. Name the
            first ones again to have no second opinion.
        in_flight: Names being looked up at the same time.
        questions_per_s: Questions a second in all, repeated ones included; 0 means no limit. A name costs one or two.
        timeout_s: Until an unanswered question is asked again.
        tries: Questions for one name to the first name servers, and again to the second.
        families: ``ipv4`` or ``ipv6`` alone, or both, of which one is tried first: ``ipv4_first``, ``ipv6_first``.
    """

    nameservers: tuple[str, ...] = ()
    second_nameservers: tuple[str, ...] = ()
    in_flight: Annotated[int, msgspec.Meta(ge=1, le=20_000)] = 500
    questions_per_s: NotNegative = 500
    timeout_s: Positive = 2.0
    tries: Annotated[int, msgspec.Meta(ge=1, le=10)] = 3
    families: Literal["ipv4", "ipv6", "ipv4_first", "ipv6_first"] = "ipv4_first"


class LimitsSection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``[limits]``: in all, per operator, per prefix (/24, /48) and per address; 0 means no limit of that kind.

    Every request counts, redirects and repeated dials included. One connection per address is not a setting.

    Attributes:
        processes: Worker processes; 0 means one per core.
        in_flight: Targets in flight in each process.
        in_flight_per_prefix: Targets in flight within one /24 or /48.
        requests_per_s: Requests a second in all, over all processes.
        requests_per_address_s: Requests a second to one address.
        requests_per_prefix_s: Requests a second within one /24 or /48.
        requests_per_operator_s: Requests a second within all networks of one operator.
        operators: CSV file ``prefix,operator``, relative to the survey's folder; empty for none.
        batch_targets: Targets committed together.
    """

    processes: Annotated[int, msgspec.Meta(ge=0, le=256)] = 0
    in_flight: Count = 500
    in_flight_per_prefix: Count = 32
    requests_per_s: NotNegative = 0
    requests_per_address_s: NotNegative = 0
    requests_per_prefix_s: NotNegative = 20
    requests_per_operator_s: NotNegative = 0
    operators: str = ""
    batch_targets: Count = 4000


class ClocksSection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``[clocks]``: seconds until we give up, for each stage and for the whole target."""

    connect_s: Positive = 5.0
    handshake_s: Positive = 8.0
    target_s: Positive = 30.0


class CapsSection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``[caps]``: octets until we stop reading.

    Attributes:
        head_bytes: Of status line and fields.
        body_bytes: Of a body as received, and again of what its codings unfold to.
        fields: How many fields are kept.
        decoded_ratio: How many times its own size a coded body may unfold to. Deflate reaches 1,032 on one repeated
            letter and honest pages stay below; br, zstd and codings inside each other reach millions.
    """

    head_bytes: Count = 65_536
    body_bytes: Count = 262_144
    fields: Count = 500
    decoded_ratio: Count = 1000


class RedirectRule(StrEnum):
    """``[plan] redirects``: how far the redirects of ``/`` are followed."""

    NONE = "none"
    SAME_HOST = "same_host"
    SAME_DOMAIN = "same_domain"
    IN_SCOPE = "in_scope"


class PlanSection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``[plan]``: what is asked of everybody, and how much more of some.

    Attributes:
        level: ``passive`` or ``active``; active needs an authority for every target (loopback has one).
        absent_extension: Extension of the absent file-like name, without the dot.
        icon: Ask for ``/favicon.ico``.
        extra_requests: At most so many named paths a target beyond the core plan.
        redirects: Which redirects of ``/`` are followed: ``none``, those to the ``same_host``, the ``same_domain``
            (registrable name), or anything ``in_scope``.
        most_redirects: Hops in one chain.
        robots: Read robots.txt before the first named path at a target, and ask for none that it closes.
    """

    level: Level = Level.PASSIVE
    absent_extension: Annotated[str, msgspec.Meta(pattern="^[0-9A-Za-z]{0,16}$")] = "html"
    icon: bool = True
    extra_requests: Annotated[int, msgspec.Meta(ge=0)] = 20
    redirects: RedirectRule = RedirectRule.SAME_HOST
    most_redirects: Annotated[int, msgspec.Meta(ge=1, le=20)] = 5
    robots: bool = False


class AttemptsSection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``[attempts]``: how often an unanswered target is asked in a round, and how long we wait in between.

    Attributes:
        silent_after: Finished attempts after which a target that gives no answer counts as silent and is left alone.
        most: Attempts a target gets in a round, those interrupted by a crash included; what it is above
            ``silent_after`` is how many crashes cost no knowledge.
        spacing_s: Least seconds between two finished attempts at one target.
        again_share: Share of those that answered that is asked once more, drawn at random, to measure our own loss;
            for example 0.01.
    """

    silent_after: Annotated[int, msgspec.Meta(ge=1, le=5)] = 2
    most: Annotated[int, msgspec.Meta(ge=1, le=5)] = 3
    spacing_s: NotNegative = 14_400
    again_share: Fraction = 0


class ChecksSection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``[checks]``: which packs and templates judge, and the assumptions they are told.

    Attributes:
        packs: Ids of packs that come with Ebbtide.
        fingerprints: Further recog XML files, relative to the survey's folder.
        templates: Files or folders of nuclei templates, relative to the survey's folder.
        technologies: Files or folders of technologies as Wappalyzer has them, relative to the survey's folder.
        only: Ids of those that judge, with what they build on; all of them if it is empty.
        parameters: Check id to parameter to value, for what a check leaves to the operator.
    """

    packs: tuple[str, ...] = ("iis-2001",)
    fingerprints: tuple[str, ...] = ()
    templates: tuple[str, ...] = ()
    technologies: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    parameters: dict[str, dict[str, str]] = {}


class RetentionSection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``[retention]``: how long answers are kept, counted from the day on which a round was begun.

    ``ebbtide survey expire`` erases what is older. Targets, outcomes and judgements are kept for good.

    Attributes:
        bodies_days: Bodies.
        fields_days: All else of an answer: fields, times, certificates.
    """

    bodies_days: Count = 90
    fields_days: Count = 730


class PressureSection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``[pressure]``: what ``ebbtide pressure --keep`` keeps of those who attack.

    Counts by day and family are kept for good; they name nobody.

    Attributes:
        sources: How sources are kept: ``hash``, with a key of each month; ``prefix``, the /24 or /48; or ``raw``, as
            addresses. Only raw sources can be told among the targets of the survey.
        key_months: Keys of so many months are kept, the newest with attacks; older keys are deleted, and what they
            hashed can neither be linked with another month nor be added to.
        sources_days: Sources are erased so many days after their month; what is left are the counts.
    """

    sources: Literal["raw", "prefix", "hash"] = "hash"
    key_months: Count = 1
    sources_days: Count = 90


class RoundSection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``[round.<label>]``: the reference date of one round, for example ``2001-07-15``."""

    date: Annotated[str, msgspec.Meta(pattern=r"^\d{4}-\d{2}-\d{2}$")]


class LensesSection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``[lenses]``: tables by which facts are divided, beside what the rounds say themselves.

    Attributes:
        countries: CSV file ``prefix,country``, relative to the survey's folder; empty for none. The narrowest prefix
            that holds an address tells.
    """

    countries: str = ""


class EventKind(StrEnum):
    """What an event was."""

    PATCH = "patch"
    WORM = "worm"
    LETTER = "letter"
    ADVISORY = "advisory"
    OTHER = "other"


class EventSection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``[[event]]``: something that may have made servers be mended, for ``ebbtide effect``.

    Attributes:
        id: By which it is asked for.
        date: ISO date.
        kind: ``patch``, ``worm``, ``letter``, ``advisory`` or ``other``.
        checks: That it concerns; the first is what ``effect`` looks at if no other is named.
        families: Of servers that it touched; all but the control if empty.
        control: Family that it did not touch, but that shows the check, too.
    """

    id: Annotated[str, msgspec.Meta(pattern="^[0-9a-z][0-9a-z-]{0,63}$")]
    date: Annotated[str, msgspec.Meta(pattern=r"^\d{4}-\d{2}-\d{2}$")]
    kind: EventKind = EventKind.OTHER
    checks: tuple[str, ...] = ()
    families: tuple[str, ...] = ()
    control: str = ""


class ExperimentSection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``[experiment]``: a delay of letters by chance, for ``ebbtide arms``; without all of it there is none.

    Attributes:
        review: Reference of whoever looked at it and let it pass, for example an ethics board's.
        stopping_rule: When the delay ends at once for everybody, in a sentence.
        delay_days: Of the later letters: 14 at most.
    """

    review: str = ""
    stopping_rule: str = ""
    delay_days: Annotated[int, msgspec.Meta(ge=0, le=14)] = 0


class SurveySection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``[survey]``: its name and where it looks from.

    Attributes:
        vantage: What the place is called; written into every transcript.
        source: Address of this machine to ask from, where it has several; the kernel's choice if empty.
    """

    name: str = "survey"
    vantage: str = ""
    source: str = ""


class SurveyConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole of ``survey.toml``."""

    survey: SurveySection = SurveySection()
    identity: Identity = Identity()
    frame: FrameSection = FrameSection()
    sample: SampleSection = SampleSection()
    scope: ScopeSection = ScopeSection()
    names: NamesSection = NamesSection()
    authority: AuthoritySection = AuthoritySection()
    caution: CautionSection = CautionSection()
    limits: LimitsSection = LimitsSection()
    clocks: ClocksSection = ClocksSection()
    caps: CapsSection = CapsSection()
    plan: PlanSection = PlanSection()
    attempts: AttemptsSection = AttemptsSection()
    checks: ChecksSection = ChecksSection()
    retention: RetentionSection = RetentionSection()
    pressure: PressureSection = PressureSection()
    round: dict[str, RoundSection] = {}
    lenses: LensesSection = LensesSection()
    event: tuple[EventSection, ...] = ()
    experiment: ExperimentSection = ExperimentSection()
