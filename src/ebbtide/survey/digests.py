"""Digests of what the operator wrote: a round goes on only under the frame and the plan that it was opened with."""

import hashlib
from pathlib import Path

import msgspec

from ebbtide.model.configuration import FrameSection, SampleSection, SurveyConfig
from ebbtide.model.errors import FrameError
from ebbtide.model.transcripts import Plan

_BYTES = 16
_CHUNK = 1 << 20


def digest(value: object) -> str:
    """32 hexadecimal digits of any plain value or record, the same in every process."""
    return hashlib.blake2b(msgspec.json.encode(value, order="deterministic"), digest_size=_BYTES).hexdigest()


def plan_digest(config: SurveyConfig, plan: Plan) -> str:
    """Digest of what is asked.

    Args:
        config: Its section ``[plan]``.
        plan: As the engine makes it: a record, with all paths that checks add.
    """
    return digest([config.plan, plan if isinstance(plan, msgspec.Struct) else type(plan).__qualname__])


def frame_digest(section: FrameSection, sample: SampleSection, folder: Path) -> str:
    """Digest of the frame's section, its files and the draw; standard input can be read only once and is left out.

    Raises:
        FrameError: A file cannot be read.
    """
    parts = [digest(section), *([digest(sample)] if sample.is_drawn else [])]
    for index, source in enumerate(section.source):
        if source.path != "-":
            parts.append(_file_digest(folder / source.path, f"frame.source[{index}].path"))
    return digest(parts)


def file_digest(path: Path) -> str:
    """Digest of a file's content."""
    state = hashlib.blake2b(digest_size=_BYTES)
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            state.update(chunk)
    return state.hexdigest()


def _file_digest(path: Path, key: str) -> str:
    try:
        return file_digest(path)
    except OSError as error:
        raise FrameError(
            f"{path} cannot be read ({error.strerror or type(error).__name__}).",
            where=key,
            remedy="A round can only go on with the frame that it was opened with.",
        ) from error
