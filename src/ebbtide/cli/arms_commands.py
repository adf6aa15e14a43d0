"""``ebbtide arms ...``: who was tested or told against who was not."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ebbtide.cli.options import JsonOption, SurveyOption
from ebbtide.cli.output import print_json, print_line, print_table
from ebbtide.model.errors import ConductError

if TYPE_CHECKING:
    from ebbtide.estimate.arms import Arm, Compared
    from ebbtide.model.configuration import SurveyConfig
    from ebbtide.rounds.folder import SurveyFolder

app = typer.Typer(
    no_args_is_help=True, help="Who was tested or told, against who was not.", rich_markup_mode=None
)  # fmt: skip

CheckOption = Annotated[str, typer.Option("--check", help="Its id; ebbtide checks list names them.")]


@app.command(epilog="Example: ebbtide arms compare arms.csv --check git-folder --first tested --survey my-survey")
def compare(
    table: Annotated[Path, typer.Argument(metavar="ARMS.csv", help="A file with the header site,arm.")],
    check: CheckOption,
    survey: SurveyOption = Path(),
    first: Annotated[str, typer.Option(help="The arm that is asked about; the first by the alphabet.")] = "",
    from_round: Annotated[
        str | None, typer.Option("--from", help="The earlier round; the last but one if not given.")
    ] = None,
    to_round: Annotated[str | None, typer.Option("--to", help="The later round; the last one if not given.")] = None,
    *,
    randomised: Annotated[
        bool, typer.Option("--randomised", help="The arms were drawn by chance, as [experiment] says.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Say whether one arm mended a hole sooner than the other, among sites that showed it in the earlier round."""
    from ebbtide.conduct.experiments import demand_experiment, read_arms
    from ebbtide.estimate.arms import compare_arms
    from ebbtide.estimate.two_rounds import judged_pair
    from ebbtide.publish.effect_words import arms_words

    folder, config = _opened(survey)
    if randomised:
        demand_experiment(config.experiment, check, _severity(folder, config, check))
    order = folder.judged()
    pair = None if from_round is None and to_round is None else (from_round or order[0], to_round or order[-1])
    told = compare_arms(
        folder,
        check,
        read_arms(table),
        first,
        labels=judged_pair(folder, pair),
        is_randomised=randomised,
        silent_after=config.attempts.silent_after,
    )
    words = arms_words(
        check,
        told.first.name,
        told.second.name,
        (told.from_round, told.to_round),
        told.difference,
        told.interval,
        (told.bound_low, told.bound_high),
        (told.first.share, told.second.share),
        {},
        is_randomised=randomised,
    )
    if json:
        import msgspec

        print_json({**msgspec.to_builtins(told), "words": words})
        return
    _print(told)
    print_line(words)


@app.command(epilog="Example: ebbtide arms draw git-folder --out arms.csv --survey my-survey")
def draw(
    check: Annotated[str, typer.Argument(metavar="CHECK", help="Its id; ebbtide checks list names them.")],
    survey: SurveyOption = Path(),
    round_label: Annotated[str, typer.Option("--round", help="A judged round; the last one if not given.")] = "",
    out: Annotated[Path, typer.Option(help="CSV file to write.")] = Path("arms.csv"),
    *,
    json: JsonOption = False,
) -> None:
    """Draw by chance who is written to now, and who at most 14 days later; owners, not sites, are drawn."""
    from ebbtide.conduct.experiments import arms_text, demand_experiment, draw_arms
    from ebbtide.control.looks import note_look
    from ebbtide.estimate.arms import showing_sites
    from ebbtide.rounds.durable import write_file

    folder, config = _opened(survey)
    demand_experiment(config.experiment, check, _severity(folder, config, check))
    label = round_label or folder.last_judged()
    sites = showing_sites(folder, check, label, config.attempts.silent_after)
    if out.exists():
        raise ConductError("the file is there already; arms are drawn once.", where=str(out))
    note_look(folder.path, "arms draw", check)
    arms = draw_arms(folder.salt + f"{check} {label}".encode(), sites)
    write_file(out, arms_text(arms).encode())
    counts = {name: sum(arm == name for arm in arms.values()) for name in sorted(set(arms.values()))}
    if json:
        print_json({"file": str(out), "round": label, "arms": counts})
    else:
        told = ", ".join(f"{name} {count:,}" for name, count in counts.items()) or "nobody"
        print_line(f"wrote {out}: of {len(arms):,} sites that show {check} in {label}: {told}.")


def _opened(survey: Path) -> "tuple[SurveyFolder, SurveyConfig]":
    from ebbtide.rounds.folder import SurveyFolder
    from ebbtide.survey.settings import load_config

    folder = SurveyFolder.open(survey)
    return folder, load_config(folder.path)


def _severity(folder: "SurveyFolder", config: "SurveyConfig", check: str) -> str:
    from ebbtide.judge.checks.catalogue import list_checks
    from ebbtide.model.errors import CheckError

    found = [each.severity for each in list_checks(config.checks, folder.path) if each.id == check]
    if not found:
        raise CheckError(f"there is no check {check[:60]!r}.", remedy="ebbtide checks list names them.")
    return found[0]


def _print(told: "Compared") -> None:
    print_table(
        "",
        ("arm", "sites", "showed it", "mended", "open", "vanished", "mended of those judged", "95 %", "families"),
        [_row(arm) for arm in (told.first, told.second)],
        right=(1, 2, 3, 4, 5, 6, 7),
    )
    if told.ratio is not None and told.ratio_interval is not None:
        interval = told.ratio_interval
        print_line(
            f"Hazard of being mended: {told.ratio:.2f} times (95 % {interval.low:.2f} to {interval.high:.2f}, errors "
            "by address)."
        )
    else:
        print_line(f"No ratio of hazards: {told.why_no_ratio}")


def _row(arm: "Arm") -> tuple[str | int | None, ...]:
    families = ", ".join(f"{name or 'unknown'} {count:,}" for name, count in arm.families[:3])
    interval = f"{100 * arm.interval.low:.1f} to {100 * arm.interval.high:.1f}"
    return (
        *(arm.name, arm.sites, arm.shown, arm.mended, arm.open, arm.vanished),
        *(f"{100 * arm.share:.1f} %", interval, families),
    )
