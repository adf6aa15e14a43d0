"""``ebbtide facts``, ``report`` and ``sql``: reading what the rounds say."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ebbtide.cli.options import JsonOption, SurveyOption
from ebbtide.cli.output import print_json, print_line, print_table
from ebbtide.model.errors import EstimateError

MOST_TOLD = 20
"""So many differences are printed; all of them with --json."""

if TYPE_CHECKING:
    from ebbtide.model.facts import Fact
    from ebbtide.rounds.folder import SurveyFolder


def facts(
    survey: SurveyOption = Path(),
    metric: Annotated[str | None, typer.Option(help="Only this metric, for example prevalence.")] = None,
    check: Annotated[str | None, typer.Option(help="Only this check.")] = None,
    unit: Annotated[str | None, typer.Option(help="Only this unit of count, for example address.")] = None,
    lens: Annotated[
        str, typer.Option(help="What facts are divided by: all, tld, operator, country and others.")
    ] = "all",
    *,
    json: JsonOption = False,
) -> None:
    """Compute the facts of all judged rounds and of kept attacks, keep them in facts/, and print them.

    Example: ebbtide facts --survey my-survey --metric prevalence --unit address --lens tld
    """
    from ebbtide.cli.tables import print_facts
    from ebbtide.estimate.lenses import LENSES
    from ebbtide.rounds.facts import write_attack_facts, write_facts
    from ebbtide.rounds.folder import SurveyFolder

    folder = SurveyFolder.open(survey)
    _demand_lens(lens)
    computed = _facts_of_judged(folder) + _facts_by_lens(folder)
    write_attack_facts(folder, [fact for fact in computed if not fact.round])
    for label in sorted({fact.round for fact in computed if fact.round}):
        write_facts(
            folder, label, folder.round(label).judgement or "", [fact for fact in computed if fact.round == label]
        )
    chosen = [
        fact
        for fact in computed
        if (metric is None or fact.metric == metric)
        and (check is None or fact.check == check)
        and (unit is None or fact.unit == unit)
        and (fact.lens == lens or (lens == "all" and fact.lens not in LENSES))
    ]
    if json:
        print_json(chosen)
    else:
        print_facts(chosen)


def report(
    survey: SurveyOption = Path(),
    out: Annotated[Path, typer.Option(help="File of the report.")] = Path("report.html"),
    *,
    json: JsonOption = False,
) -> None:
    """Write the report of all judged rounds as one page that needs no network and no script.

    Example: ebbtide report --survey my-survey --out report.html
    """
    from ebbtide.cli.reporting import write_report
    from ebbtide.rounds.folder import SurveyFolder
    from ebbtide.survey.settings import load_config

    folder = SurveyFolder.open(survey)
    config = load_config(folder.path)
    write_report(folder, config, _facts_of_judged(folder), out)
    if json:
        print_json({"report": str(out)})
    else:
        print_line(f"wrote {out}")


def reproduce(
    published: Annotated[
        Path | None,
        typer.Argument(metavar="[FACTS.json]", help="Published facts; those that the survey keeps if not given."),
    ] = None,
    survey: SurveyOption = Path(),
    *,
    json: JsonOption = False,
) -> None:
    """Compute every fact of a publication again, from the answers where they are kept; exit code 1 if one differs.

    Example: ebbtide reproduce facts.json --survey my-survey
    """
    from ebbtide.cli.output import progress_bar
    from ebbtide.cli.reproducing import reproduction, reproduction_words
    from ebbtide.rounds.folder import SurveyFolder
    from ebbtide.survey.settings import load_config

    folder = SurveyFolder.open(survey)
    with progress_bar("judging again", quiet=json) as progress:
        found = reproduction(folder, load_config(folder.path), published, progress)
    if json:
        print_json(found)
    else:
        print_table(
            "", ("round", "evidence", "rows judged again", "different", "erased since"),
            [(each.round, each.why or "made again from its answers", each.rows, each.different, each.erased)
             for each in found.rounds],
            right=(2, 3, 4),
        )  # fmt: skip
        for each in found.facts.differences[:MOST_TOLD]:
            print_line(f"{each.id} ({each.metric}, {each.round}): {each.what}")
        print_line(reproduction_words(found))
    raise typer.Exit(0 if found.is_sound else 1)


def _facts_of_judged(folder: "SurveyFolder") -> "tuple[Fact, ...]":
    from ebbtide.estimate.compute import compute_facts
    from ebbtide.survey.settings import load_config

    computed = compute_facts(folder, silent_after=load_config(folder.path).attempts.silent_after)
    if not computed:
        raise EstimateError(
            "no round of this survey is judged yet.",
            where=str(folder.path),
            remedy="Seal a round, then: ebbtide judge ROUND",
        )
    return computed


def _demand_lens(lens: str) -> None:
    from ebbtide.estimate.lenses import LENSES

    if lens != "all" and lens not in LENSES:
        raise EstimateError(f"there is no lens {lens[:40]!r}.", remedy=f"Lenses are all, {', '.join(LENSES)}.")


def _facts_by_lens(folder: "SurveyFolder") -> "tuple[Fact, ...]":
    from ebbtide.cli.lens_tables import address_tables
    from ebbtide.estimate.lens_facts import compute_lens_facts
    from ebbtide.survey.settings import load_config

    config = load_config(folder.path)
    tables = address_tables(config, folder.path)
    return compute_lens_facts(folder, tables=tables, silent_after=config.attempts.silent_after)


def sql(
    query: Annotated[str, typer.Argument(metavar="QUERY", help="One SELECT over the views of all rounds.")],
    survey: SurveyOption = Path(),
    *,
    json: JsonOption = False,
) -> None:
    """Ask the stored rounds anything, in SQL; nothing can be changed this way.

    Example: ebbtide sql "SELECT round, kind, count(*) FROM final_outcomes GROUP BY ALL ORDER BY ALL" --survey my-survey
    """
    from ebbtide.rounds.database import ask
    from ebbtide.rounds.folder import SurveyFolder

    columns, rows = ask(SurveyFolder.open(survey), query)
    if json:
        print_json([dict(zip(columns, row, strict=True)) for row in rows])
    else:
        print_table("", columns, [[_cell(value) for value in row] for row in rows])


def _cell(value: object) -> str | int | float | None:
    if value is None or isinstance(value, str | int | float):
        return value
    return value.hex() if isinstance(value, bytes) else str(value)
