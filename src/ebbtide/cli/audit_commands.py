"""``ebbtide audit ...``: a check's own error, from a sample that people looked at."""

import csv
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ebbtide.cli.options import JsonOption, SurveyOption
from ebbtide.cli.output import print_json, print_line
from ebbtide.model.errors import EstimateError

if TYPE_CHECKING:
    from ebbtide.estimate.audits import Corrected, Sample

app = typer.Typer(
    no_args_is_help=True, help="A check's own error, from a sample that people looked at.", rich_markup_mode=None
)

_COLUMNS = ("target", "url", "verdict", "part", "excerpt", "truth")
_TRUTHS = {"shown": True, "not_shown": False, "cannot_tell": None, "": None}
_MOST_BYTES = 64 << 20


@app.command(epilog="Example: ebbtide audit draw git-folder -n 100 --out audit.csv --survey my-survey")
def draw(
    check: Annotated[str, typer.Argument(metavar="CHECK", help="Its id; ebbtide checks list names them.")],
    number: Annotated[
        int, typer.Option("-n", min=2, max=100_000, help="Targets to look at, half of each verdict.")
    ] = 100,
    survey: SurveyOption = Path(),
    round_label: Annotated[str, typer.Option("--round", help="A judged round; the last one if not given.")] = "",
    seed: Annotated[int, typer.Option(min=0, help="Equal seeds draw the same targets.")] = 0,
    out: Annotated[Path, typer.Option(help="CSV file to fill in.")] = Path("audit.csv"),
    *,
    json: JsonOption = False,
) -> None:
    """Draw targets to look at by hand, and write them with an empty column truth: shown, not_shown or cannot_tell."""
    import msgspec

    from ebbtide.control.looks import note_look
    from ebbtide.estimate.audits import draw as draw_targets
    from ebbtide.publish.cells import safe_cell
    from ebbtide.rounds.folder import SurveyFolder
    from ebbtide.survey.settings import load_config

    folder = SurveyFolder.open(survey)
    label = round_label or folder.last_judged()
    silent_after = load_config(folder.path).attempts.silent_after
    note_look(folder.path, "audit draw", check)
    sample = draw_targets(folder, check, label, number, seed=seed, silent_after=silent_after)
    if out.exists():
        raise EstimateError("the file is there already; it may hold what somebody has entered.", where=str(out))
    kept = _kept_file(folder.path, sample)
    kept.parent.mkdir(exist_ok=True)
    kept.write_bytes(msgspec.json.format(msgspec.json.encode(sample)))
    with out.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(_COLUMNS)
        writer.writerows(
            (*map(safe_cell, (each.target, each.url, each.verdict, each.part, each.excerpt)), "")
            for each in sample.targets
        )
    if json:
        print_json({"file": str(out), "sample": sample})
    else:
        print_line(
            f"wrote {len(sample.targets):,} targets of {label} to {out}: fill in the column truth, then: "
            f"ebbtide audit enter {out}"
        )


@app.command(epilog="Example: ebbtide audit enter audit.csv --survey my-survey")
def enter(
    file: Annotated[Path, typer.Argument(metavar="AUDIT.csv", help="As drawn, with the column truth filled in.")],
    survey: SurveyOption = Path(),
    *,
    json: JsonOption = False,
) -> None:
    """Take what was found, and say how often the check is right and what its share would be without its errors."""
    import msgspec

    from ebbtide.estimate.audits import correct
    from ebbtide.rounds.folder import SurveyFolder

    folder = SurveyFolder.open(survey)
    truths = _truths(file)
    sample = _sample_of(folder.path, {target for target, _ in truths}, file)
    found = correct(sample, truths)
    entered = _kept_file(folder.path, sample).with_suffix(".entered.json")
    entered.write_bytes(msgspec.json.format(msgspec.json.encode({"found": found, "truths": truths})))
    if json:
        print_json(found)
    else:
        print_line(_words(found))


def _kept_file(survey: Path, sample: "Sample") -> Path:
    from ebbtide.rounds.folder import AUDITS

    return survey / AUDITS / f"{sample.round}.{sample.check}.{sample.version}.{sample.seed}.json"


def _truths(file: Path) -> list[tuple[str, bool]]:
    """What was entered; rows that were left empty, or could not be told, are left out."""
    try:
        if file.stat().st_size > _MOST_BYTES:
            raise EstimateError("the file is too long for an audit.", where=str(file))
        with file.open(newline="", encoding="utf-8-sig") as stream:
            rows = list(csv.DictReader(stream))
    except OSError as error:
        raise EstimateError(f"the file cannot be read: {error.strerror}.", where=str(file)) from error
    except (csv.Error, UnicodeDecodeError) as error:
        raise EstimateError(f"this is no CSV file: {error}.", where=str(file)) from error
    found: dict[str, bool] = {}
    for line, row in enumerate(rows, 2):
        target, truth = row.get("target"), row.get("truth")
        if target is None or truth is None:
            raise EstimateError("the columns target and truth must be there.", where=f"{file}:{line}")
        word = truth.strip().lower()
        if word not in _TRUTHS:
            raise EstimateError(
                f"truth {truth[:40]!r} is none of shown, not_shown, cannot_tell.", where=f"{file}:{line}"
            )
        value = _TRUTHS[word]
        if target in found and found[target] is not value:
            raise EstimateError("the target stands there twice with different truths.", where=f"{file}:{line}")
        if value is not None:
            found[target] = value
    return list(found.items())


def _sample_of(survey: Path, targets: set[str], file: Path) -> "Sample":
    """The sample of this survey from which the targets were drawn."""
    import msgspec

    from ebbtide.estimate.audits import Sample
    from ebbtide.rounds.folder import AUDITS

    for kept in sorted((survey / AUDITS).glob("*.json")):
        if kept.name.endswith(".entered.json"):
            continue
        try:
            sample = msgspec.json.decode(kept.read_bytes(), type=Sample)
        except (OSError, msgspec.MsgspecError) as error:
            raise EstimateError(f"the sample cannot be read: {error}.", where=str(kept)) from error
        if targets and targets <= {each.target for each in sample.targets}:
            return sample
    what = "no truth is entered." if not targets else "these targets were not drawn from this survey together."
    raise EstimateError(what, where=str(file), remedy="Draw them: ebbtide audit draw CHECK")


def _words(found: "Corrected") -> str:
    def share(value: float | None) -> str:
        return "not known" if value is None else f"{100 * value:.1f} %"

    return (
        f"Of {found.looked_shown:,} that {found.check} called shown in {found.round}, {found.right_shown:,} are; of "
        f"{found.looked_not_shown:,} that it called not shown, {found.missed:,} show it all the same. It finds "
        f"{share(found.sensitivity)} of those that show it, and is right on {share(found.specificity)} of the others. "
        f"Its share of {share(found.told)} is {share(found.corrected)} without its errors "
        f"({share(found.interval.low)} to {share(found.interval.high)})."
    )
