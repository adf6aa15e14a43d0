"""Reading ``survey.toml``; a mistake is named with its file and dotted key."""

import re
import tomllib
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import msgspec

from ebbtide.model.configuration import EventSection, SurveyConfig
from ebbtide.model.errors import ConfigurationError
from ebbtide.probe.nameservers import check_nameservers

CONFIGURATION = "survey.toml"
_PATH = re.compile(r"(?P<what>.*?)(?: - at `\$?\.?(?P<path>[^`]*)`)?\Z", re.DOTALL)
_UNKNOWN = re.compile(r"Object contains unknown field `(?P<key>[^`]*)`")
_MISSING = re.compile(r"Object missing required field `(?P<key>[^`]*)`")


def load_config(folder: Path) -> SurveyConfig:
    """Read the configuration of a survey.

    Args:
        folder: The survey's folder.

    Raises:
        ConfigurationError: It is missing, no TOML, or holds an unknown key or a value that cannot be used.
    """
    path = folder / CONFIGURATION
    try:
        plain = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ConfigurationError(
            f"{path} cannot be read ({error.strerror or type(error).__name__}).",
            remedy="Make a survey with: ebbtide survey init DIR",
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigurationError("the file is not UTF-8.", where=str(path), remedy="Save it as UTF-8.") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"this is no TOML: {error}.", where=str(path)) from error
    try:
        config = msgspec.convert(plain, SurveyConfig)
    except msgspec.ValidationError as error:
        raise _mistake(str(error), path) from error
    check_nameservers(config.names, str(path))
    _check_events(config.event, path)
    return config


def _check_events(events: Sequence[EventSection], path: Path) -> None:
    seen: set[str] = set()
    for place, event in enumerate(events):
        where = f"{path}: event[{place}]"
        if event.id in seen:
            raise ConfigurationError(
                f"two events are {event.id}.", where=f"{where}.id", remedy="Give one of them another id."
            )
        seen.add(event.id)
        try:
            date.fromisoformat(event.date)
        except ValueError as error:
            raise ConfigurationError(
                f"{event.date} is no day of the calendar.", where=f"{where}.date", remedy="Write it as 2001-07-19."
            ) from error
        if event.control and event.control in event.families:
            raise ConfigurationError(
                f"{event.control} is the control and among the families that the event touched.",
                where=f"{where}.control",
                remedy="Name a family that it did not touch, or take this one out of families.",
            )


def _mistake(message: str, path: Path) -> ConfigurationError:
    found = _PATH.match(message)
    what, key = (found["what"], found["path"] or "") if found else (message, "")
    for pattern, sentence in ((_UNKNOWN, "there is no such key"), (_MISSING, "this key is missing")):
        if named := pattern.fullmatch(what):
            return ConfigurationError(f"{sentence}.", where=f"{path}: {_dotted(key, named['key'])}")
    plain = what.replace("`", "").replace("Object", "a table").replace("object", "table").replace("Array", "array")
    remedy = "Put the day in quotation marks." if plain.endswith("got date") else ""
    where = f"{path}: {key or 'the whole file'}"
    return ConfigurationError(f"{plain[0].lower()}{plain[1:]}.", where=where, remedy=remedy)


def _dotted(section: str, key: str) -> str:
    return f"{section}.{key}" if section else key
