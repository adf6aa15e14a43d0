"""The engine: plan, checks and fingerprints of a survey; judging is a pure function of a transcript."""

import functools
import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from ebbtide.judge.budget import Bought, what_budgets_buy
from ebbtide.judge.checks.catalogue import load_checks
from ebbtide.judge.checks.deciding import EVIDENCE_NOT_KEPT, Circumstances, Docket
from ebbtide.judge.checks.records import Check
from ebbtide.judge.checks.seen import Seen
from ebbtide.judge.plan import SurveyPlan, core_needs, make_plan
from ebbtide.judge.software.identifier import identifier_of
from ebbtide.judge.software.slugs import slug
from ebbtide.judge.technologies.matching import Technologies, software_of
from ebbtide.judge.technologies.reading import load_technologies
from ebbtide.judge.technologies.records import TechnologyPack
from ebbtide.judge.templates.parts import template_script_pattern
from ebbtide.model.configuration import ChecksSection, PlanSection
from ebbtide.model.errors import CheckError
from ebbtide.model.outcomes import Answered
from ebbtide.model.transcripts import Transcript, own_exchanges
from ebbtide.model.verdicts import Assessment, CheckVerdict, JudgementManifest, Software, Verdict

ENGINE_VERSION = "3"
"""Rises when the same checks may judge the same answers otherwise than before."""

_ID_BYTES = 8


class Engine:
    """Judges transcripts; made by ``load_engine``. It can be pickled: another process loads it again from the files.

    Attributes:
        manifest: What judges: id, packs, checks with their versions, parameters.
    """

    def __init__(
        self,
        sections: tuple[ChecksSection, PlanSection, Path],
        checks: Sequence[Check],
        fingerprints: tuple[str, ...],
        technologies: Sequence[TechnologyPack] = (),
        planned: frozenset[str] | None = None,
        reference_date: str = "",
    ) -> None:
        self._sections = sections
        self._of_round = planned, reference_date
        self._checks = tuple(checks)
        self._fingerprints = fingerprints
        self._identifier = identifier_of(fingerprints)
        self._technologies = tuple(map(Technologies, technologies))
        self._template_scripts = template_script_pattern()
        younger = frozenset(check.id for check in checks if planned is not None and check.info.named not in planned)
        level, budget = sections[1].level, sections[1].extra_requests
        self._docket = Docket(checks, Circumstances(level, budget, younger, reference_date))
        self.manifest = _manifest(sections[0], sections[1], self._checks, fingerprints, technologies)

    def assess(self, transcript: Transcript) -> Assessment:
        """Software and verdicts of one target.

        Args:
            transcript: All exchanges of one attempt.

        Returns:
            One verdict for every check of the manifest, in its order; of an answer that was erased nothing can be told.
        """
        target = transcript.target
        exchanges = own_exchanges(transcript.exchanges)
        told = self._identifier.identify(exchanges, transcript.certificates)
        software = told.software + self._further(transcript, told.software)
        if isinstance(transcript.outcome, Answered) and not transcript.exchanges:
            verdicts: dict[str, Verdict] = {check.id: EVIDENCE_NOT_KEPT for check in self._checks}
        else:
            hops = [exchange for exchange in transcript.exchanges if exchange.parent is not None]
            seen = Seen(target, exchanges, told.family, self._template_scripts, hops, software)
            verdicts = self._docket.decide(seen)
        return Assessment(
            target_id=target.target_id,
            site_id=target.site_id,
            family=told.family,
            version=told.version,
            software=software,
            verdicts=tuple(map(CheckVerdict, verdicts, verdicts.values())),
        )

    @property
    def reads_certificates(self) -> bool:
        """Whether transcripts must hold their certificates."""
        return self._identifier.reads_certificates or any(each.reads_certificates for each in self._technologies)

    def _further(self, transcript: Transcript, known: Sequence[Software]) -> tuple[Software, ...]:
        """Rows of imported technologies; none of a product that is there already with a version."""
        if not self._technologies:
            return ()
        named = {slug(row.product) for row in known if row.version}
        return tuple(
            row
            for technologies in self._technologies
            for each in technologies.find(transcript.exchanges, transcript.target.base_url, transcript.certificates)
            if slug((row := software_of(each)).product) not in named
        )

    def plan(self, salt: bytes) -> SurveyPlan:
        """What to ask; it can be pickled.

        Args:
            salt: The survey's secret; absent names are made of it.
        """
        return make_plan(self._checks, self._sections[1], salt, self._fingerprints)

    def budgets(self, steps: Iterable[int]) -> tuple[Bought, ...]:
        """What budgets of named requests buy; see ``what_budgets_buy``."""
        return what_budgets_buy(self._checks, core_needs(self._sections[1]), self._sections[1].level, steps)

    def __reduce__(self) -> tuple[object, tuple[bytes, bytes, Path, frozenset[str] | None, str]]:
        checks, plan, folder = self._sections
        return _loaded_again, (msgspec.json.encode(checks), msgspec.json.encode(plan), folder, *self._of_round)


def load_engine(
    checks: ChecksSection,
    plan: PlanSection,
    folder: Path,
    planned: frozenset[str] | None = None,
    reference_date: str = "",
) -> Engine:
    """Load the checks of a survey.

    Args:
        checks: ``[checks]``.
        plan: ``[plan]``.
        folder: The survey's folder, from which paths in ``checks`` are taken.
        planned: For a round that is judged: checks whose requests its plan held, as ``id@version``, if that is known.
        reference_date: ISO date of the round, on which vendors' dates are judged; empty means the day on which each
            target was asked.

    Raises:
        CheckError: A pack, a template, a parameter or a file of technologies cannot be used.
        FingerprintError: A file of fingerprints cannot be used.
    """
    files = []
    for entry in checks.fingerprints:
        path = (folder / entry).absolute()
        if not path.exists():
            raise CheckError("there is no file of fingerprints of that name.", where=str(path))
        files.append(str(path))
    packs = [load_technologies((folder / entry).absolute()) for entry in checks.technologies]
    return Engine((checks, plan, folder), load_checks(checks, folder), tuple(files), packs, planned, reference_date)


@functools.lru_cache(maxsize=2)
def _loaded_again(
    checks: bytes, plan: bytes, folder: Path, planned: frozenset[str] | None, reference_date: str
) -> Engine:
    """The engine that was pickled; a worker loads it once for all shards that it is given."""
    sections = msgspec.json.decode(checks, type=ChecksSection), msgspec.json.decode(plan, type=PlanSection)
    return load_engine(*sections, folder, planned, reference_date)


def _manifest(
    section: ChecksSection,
    plan: PlanSection,
    checks: Sequence[Check],
    fingerprints: Sequence[str],
    technologies: Sequence[TechnologyPack],
) -> JudgementManifest:
    infos = tuple(check.info for check in checks)
    parameters = tuple(
        sorted((f"{check}.{name}", value) for check, each in section.parameters.items() for name, value in each.items())
    )
    content = {
        "engine": ENGINE_VERSION,
        "level": plan.level,
        "checks": [(info.id, info.version) for info in infos],
        "parameters": parameters,
        "fingerprints": [_file_hash(Path(file)) for file in fingerprints],
        **({"technologies": [pack.version for pack in technologies]} if technologies else {}),
    }
    digest = hashlib.blake2b(msgspec.json.encode(content, order="sorted"), digest_size=_ID_BYTES).hexdigest()
    return JudgementManifest(digest, ENGINE_VERSION, tuple(section.packs), infos, parameters)


def _file_hash(path: Path) -> str:
    """Hash of a file, or of all files of fingerprints in a folder."""
    files = sorted(path.rglob("*.xml")) if path.is_dir() else [path]
    return hashlib.blake2b(b"".join(hashlib.blake2b(file.read_bytes()).digest() for file in files)).hexdigest()
