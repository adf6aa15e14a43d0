"""What the demonstration shows at its end."""

from ebbtide.cli.demonstration import DemoResult
from ebbtide.cli.output import print_json, print_line
from ebbtide.cli.scoring import print_score
from ebbtide.cli.tables import print_fates, print_tide
from ebbtide.cli.verifying import difference_sentences, verdict_sentence
from ebbtide.publish.sentence import finding

SHOWN_DIFFERENCES = 10


def print_demo(result: DemoResult) -> None:
    """The finding, the table of 2001, the fates, the check against the truth, and where everything lies."""
    print_line()
    print_line(finding(result.facts))
    print_line()
    print_tide(result.facts)
    print_fates(result.facts)
    for timing in result.timings:
        print_line(f"round {timing.label}: asked in {timing.probing_s:.1f} s, judged in {timing.judging_s:.1f} s")
    print_line(verdict_sentence(result.verification))
    for sentence in difference_sentences(result.verification)[:SHOWN_DIFFERENCES]:
        print_line(f"  {sentence}")
    if result.scored:
        print_score(result.scored)
    print_line()
    print_line(f"facts    {result.facts_path}")
    print_line(f"survey   {result.survey_path}")
    print_line(f"report   {result.report_path}   <- open this")


def print_demo_json(result: DemoResult) -> None:
    """Paths, timings, and the comparison with the truth; the facts lie in their file."""
    print_json(
        {
            "finding": finding(result.facts),
            "facts": str(result.facts_path),
            "report": str(result.report_path),
            "survey": str(result.survey_path),
            "timings": result.timings,
            "verification": result.verification,
            "score": result.scored,
            "is_verified": result.is_verified,
        }
    )
