"""``ebbtide demo``: the summer of 2001, measured over real sockets on this machine."""

from pathlib import Path
from typing import Annotated

import typer

from ebbtide.cli.options import JsonOption

SMALL_SCALE = 0.1


def demo(
    out: Annotated[Path, typer.Option(help="Folder for the survey, the facts and the report.")] = Path("demo-out"),
    scenario: Annotated[
        str, typer.Option(metavar="FILE", help="Scenario file, or the name of one that comes with Ebbtide.")
    ] = "code-red-2001",
    seed: Annotated[int, typer.Option(help="Another seed makes another world from the same scenario.")] = 2001,
    scale: Annotated[
        float, typer.Option(min=0.01, max=4.0, help="Size of the world against the scenario's own.")
    ] = 1.0,
    port: Annotated[
        int | None, typer.Option(min=1024, max=65535, help="Port of the miniature Internet; a free one if not given.")
    ] = None,
    *,
    small: Annotated[bool, typer.Option("--small", help="A tenth of the world, in seconds.")] = False,
    json: JsonOption = False,
) -> None:
    """Serve a miniature Internet on loopback, survey it month by month, and tell what happened.

    Example: ebbtide demo --out demo-out
    """
    from ebbtide.cli.demonstration import DemoOrder, run_demo
    from ebbtide.cli.demonstration_printing import print_demo, print_demo_json

    order = DemoOrder(
        out=out, scenario=scenario, seed=seed, scale=SMALL_SCALE if small else scale, port=port, quiet=json
    )
    result = run_demo(order)
    if json:
        print_demo_json(result)
    else:
        print_demo(result)
    raise typer.Exit(0 if result.is_verified else 1)
