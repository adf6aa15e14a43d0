"""Begin a check: write its file with everything but what only its author knows. Run by ``make new-check ID=...``."""

import argparse
import re
import sys
from pathlib import Path

from ebbtide.judge.checks.packs import PACKS_FOLDER, pack_ids

PLACEHOLDER = "REPLACE"
"""Begins every text that the author has to write; a test refuses checks that still hold one."""

SCAFFOLD = """\
id: {id}
info:
  name: "REPLACE: what is seen, in a few words"
  author: "REPLACE: you"
  severity: low

http:
  - method: GET
    path:
      - "{{{{BaseURL}}}}/{id}"          # "/" and "/{{{{absent}}}}.html" are passive, all else is active
    matchers-condition: and
    matchers:
      - type: status
        name: status
        status: [200]
      - type: regex                  # content, not status alone: what no other page holds
        name: mark
        part: body
        regex:
          - 'REPLACE: what only this product writes'

ebbtide:
  level: active
  gate: []                           # families as `ebbtide probe` names them; [] asks everybody
  decide: template
  # product: {id}                    # if it shows the presence of a product
  severity: low                      # info, low, medium, high, critical
  words: "REPLACE: what this means for the owner, in a sentence."
  remedy: "REPLACE: what the owner should do, in a sentence."
  source:
    - "REPLACE: the vendor's page, CVE or CWE that says so"
  samples:
    match: []                        # two answers that show it, as real servers write them
    miss: []                         # two look-alikes that must not: the page refused, an article about it
    # - about: A current release.
    #   responses:
    #     - request: "{{{{BaseURL}}}}/{id}"
    #       status: 200
    #       fields: {{Content-Type: text/html}}
    #       body: '<title>...</title>'
"""
_ID = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


def new_check(identity: str, pack: str, packs: Path) -> Path:
    """Write the file.

    Args:
        identity: The check's id, lower case with hyphens.
        pack: Id of the pack.
        packs: Folder of all packs.

    Raises:
        ValueError: The id or the pack cannot be used; the message is a sentence.
    """
    if not _ID.fullmatch(identity):
        raise ValueError(f"ID={identity} must be made of small letters, digits and single hyphens, as in open-console.")
    known = [each for each in pack_ids(packs) if (packs / each).is_dir()]
    if pack not in known:
        raise ValueError(f"PACK={pack} is no pack; there are {', '.join(known)}.")
    taken = next(packs.glob(f"*/{identity}.yaml"), None)
    if taken is not None:
        raise ValueError(f"ID={identity} is taken by {taken}; choose another.")
    path = packs / pack / f"{identity}.yaml"
    path.write_text(SCAFFOLD.format(id=identity), encoding="utf-8")
    return path


def main() -> int:
    """Read the command line; a mistake is one sentence and exit code 2."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("id", help="the check's id, for example open-console")
    parser.add_argument("--pack", default="today", help="the pack that it goes into (%(default)s)")
    parser.add_argument("--packs", type=Path, default=PACKS_FOLDER, help="folder of all packs")
    told = parser.parse_args()
    try:
        path = new_check(told.id, told.pack, told.packs)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    print(f"{path}: write over each {PLACEHOLDER}, and fill in the samples; then make test-checks")
    return 0


if __name__ == "__main__":
    sys.exit(main())
