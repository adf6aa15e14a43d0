"""Written consents and mandates: TOML files beside the survey, kept word by word."""

import datetime as dt
import hashlib
import tomllib
from pathlib import Path
from typing import Annotated, TypeVar

import msgspec

from ebbtide.conduct.authority import Authority, AuthorityKind
from ebbtide.model.configuration import AuthoritySection
from ebbtide.model.errors import ConductError
from ebbtide.model.targets import Level

Words = Annotated[str, msgspec.Meta(min_length=2, max_length=1000)]
Some = Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]
Sha256 = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]


class Consent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file of a written consent.

    Attributes:
        who: Who consents, with their office.
        scope: Addresses, prefixes, host names, or ``.domain`` with all below it.
        level: The highest level consented to.
        checks: Ids of the checks consented to; ``["*"]`` for all.
        date: When it was given.
        expires: The last day on which it holds.
        document: The letter: a file beside the survey, or a reference to where it is kept.
        sha256: Of the letter; held against the file if it is there.
    """

    who: Words
    scope: Some
    level: Level
    checks: Some
    date: dt.date
    expires: dt.date
    document: Words
    sha256: Sha256


class Mandate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file of a mandate.

    Attributes:
        body: Who has the mandate.
        legal_basis: The law or contract it rests on.
        constituency: Addresses, prefixes, host names, or ``.domain`` with all below it.
        level: The highest level allowed.
        checks: Ids of the checks allowed; ``["*"]`` for all.
        approved_by: Who approved it, and when.
        expires: The last day on which it holds.
    """

    body: Words
    legal_basis: Words
    constituency: Some
    level: Level
    checks: Some
    approved_by: Words
    expires: dt.date


Record = TypeVar("Record", Consent, Mandate)


def read_authorities(section: AuthoritySection, folder: Path) -> tuple[Authority, ...]:
    """Read all consents and mandates of a survey, those out of date too.

    Args:
        section: ``[authority]``.
        folder: The survey's folder.

    Raises:
        ConductError: A file cannot be read or lacks something, or a letter is not the one whose hash is on record.
    """
    consents = [_consent(name, folder) for name in section.consents]
    mandates = [_mandate(name, folder) for name in section.mandates]
    return (*consents, *mandates)


def _consent(name: str, folder: Path) -> Authority:
    consent = _read(folder / name, Consent)
    _check_letter(folder / consent.document, consent.sha256, folder / name)
    return Authority(
        kind=AuthorityKind.CONSENT,
        name=f"{AuthorityKind.CONSENT}:{name}",
        who=consent.who,
        scope=consent.scope,
        level=consent.level,
        checks=consent.checks,
        expires=consent.expires,
        record={"date": str(consent.date), "document": consent.document, "sha256": consent.sha256},
    )


def _mandate(name: str, folder: Path) -> Authority:
    mandate = _read(folder / name, Mandate)
    return Authority(
        kind=AuthorityKind.MANDATE,
        name=f"{AuthorityKind.MANDATE}:{name}",
        who=mandate.body,
        scope=mandate.constituency,
        level=mandate.level,
        checks=mandate.checks,
        expires=mandate.expires,
        record={"legal_basis": mandate.legal_basis, "approved_by": mandate.approved_by},
    )


def _read(path: Path, kind: type[Record]) -> Record:
    try:
        return msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8-sig")), kind)
    except OSError as error:
        what = f"the file cannot be read ({error.strerror or type(error).__name__})"
    except UnicodeDecodeError:
        what = "the file is not UTF-8"
    except tomllib.TOMLDecodeError as error:
        what = f"this is no TOML: {error}"
    except msgspec.ValidationError as error:
        what = str(error).replace("`", "").replace("Object", "it").replace("$.", "")
    raise ConductError(
        f"{what}.",
        where=str(path),
        remedy=f"A {kind.__name__.lower()} has the keys {', '.join(kind.__struct_fields__)}.",
    )


def _check_letter(letter: Path, sha256: str, where: Path) -> None:
    """A letter that lies beside the survey must be the one that was consented with."""
    try:
        found = hashlib.sha256(letter.read_bytes()).hexdigest()
    except OSError:
        return
    if found != sha256:
        raise ConductError(
            f"the letter {letter.name} has the SHA-256 {found}, not the one on record.",
            where=f"{where}: sha256",
            remedy="Put the letter back as it was signed, or record the new one.",
        )
