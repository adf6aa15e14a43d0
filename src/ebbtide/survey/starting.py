"""A new survey: its folder and a configuration that explains itself."""

import json
from pathlib import Path

from ebbtide.model.errors import SurveyFolderError
from ebbtide.rounds.durable import write_file
from ebbtide.rounds.folder import SurveyFolder
from ebbtide.survey.settings import CONFIGURATION

_TEMPLATE = Path(__file__).with_name("survey.template.toml")


def init_survey(path: Path, name: str) -> SurveyFolder:
    """Make a survey's folder with a commented ``survey.toml``.

    Args:
        path: Folder to make, or one that holds no survey yet.
        name: Name of the survey.

    Raises:
        SurveyFolderError: There is a survey or a survey.toml already, or the folder cannot be made.
    """
    if (path / CONFIGURATION).exists():
        raise SurveyFolderError(f"{path} holds a {CONFIGURATION} already.", remedy="Name another folder.")
    folder = SurveyFolder.create(path)
    # A JSON string is a TOML basic string too, once DEL is written as an escape.
    literal = json.dumps(name, ensure_ascii=False).replace("\x7f", "\\u007f")
    text = _TEMPLATE.read_text(encoding="utf-8").replace("{name}", literal)
    write_file(folder.path / CONFIGURATION, text.encode())
    return folder
