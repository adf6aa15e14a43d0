"""The identifier of a survey, made once in each process."""

import functools
from pathlib import Path

from ebbtide.judge.fingerprints.sets import load_fingerprints, load_own_fingerprints
from ebbtide.judge.software.identification import Identifier, own_identifier


@functools.lru_cache(maxsize=8)
def identifier_of(files: tuple[str, ...]) -> Identifier:
    """Our own fingerprints and those of some further files.

    Args:
        files: Absolute paths of recog files.

    Raises:
        FingerprintError: A file cannot be used.
    """
    if not files:
        return own_identifier()
    return Identifier(load_own_fingerprints().joined(*(load_fingerprints(Path(file)) for file in files)))
