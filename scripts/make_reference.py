"""Write docs/reference.md: every command and option, every column, every setting, as the code has them."""

import inspect
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import typer
import typer.main
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption

from ebbtide.cli.app import app
from ebbtide.model import configuration, facts, rows
from ebbtide.rounds.attacks import ATTACK_RECORDS

TARGET = Path(__file__).parents[1] / "docs" / "reference.md"
HEAD = """# Reference

Written by `make docs` from the code; a test fails when it is out of date.
"""


def reference() -> str:
    """The whole page."""
    return "\n".join([HEAD, *commands(), *settings(), *tables(), *fact_columns()]) + "\n"


def commands() -> Iterator[str]:
    """Every command with its arguments and options."""
    yield "## Commands\n"
    root = typer.main.get_command(app)
    context = typer.Context(root, info_name="ebbtide")
    yield from _command_lines(root, context)


def _command_lines(command: object, context: typer.Context) -> Iterator[str]:
    if isinstance(command, TyperGroup):
        for name in sorted(command.list_commands(context)):
            child = command.get_command(context, name)
            if child is not None:
                yield from _command_lines(child, typer.Context(child, info_name=name, parent=context))
    elif isinstance(command, TyperCommand):
        yield f"### `{context.command_path}`\n"
        yield inspect.cleandoc(command.help or "").replace("\b\n", "") + "\n"
        if command.epilog:
            yield command.epilog + "\n"
        yield "| option | meaning |\n|---|---|"
        for parameter in command.params:
            if isinstance(parameter, TyperOption):
                names, meaning = parameter.opts, parameter.help or ""
            elif isinstance(parameter, TyperArgument):
                names, meaning = [parameter.metavar or parameter.name or ""], parameter.help or ""
            else:
                continue
            yield f"| {', '.join(f'`{name}`' for name in names)} | {meaning} |"
        yield ""


def settings() -> Iterator[str]:
    """Every key of survey.toml with its default."""
    yield "## survey.toml\n"
    for section in msgspec.structs.fields(configuration.SurveyConfig):
        kind = _struct_in(section.type)
        if kind is None:
            continue
        yield f"### `[{section.name}]`\n"
        yield inspect.cleandoc(kind.__doc__ or "") + "\n"
        yield "| key | default |\n|---|---|"
        for field in msgspec.structs.fields(kind):
            default = "needed" if field.required else f"`{_default(field)}`"
            yield f"| `{field.encode_name}` | {default} |"
        yield ""


def _default(field: msgspec.structs.FieldInfo) -> str:
    value = field.default_factory() if field.default is msgspec.NODEFAULT else field.default
    return msgspec.json.encode(value).decode()


def _struct_in(annotation: object) -> type[msgspec.Struct] | None:
    candidates = [annotation, *getattr(annotation, "__args__", ())]
    return next((item for item in candidates if isinstance(item, type) and issubclass(item, msgspec.Struct)), None)


def tables() -> Iterator[str]:
    """Every column of every table of a round."""
    yield "## Tables of a round\n"
    for name, kind in sorted(vars(rows).items()):
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct) and kind.__module__ == rows.__name__:
            yield from _table_lines(name, kind)
    yield "## Tables of kept attacks\n"
    for kind in ATTACK_RECORDS.values():
        yield from _table_lines(kind.__name__, kind)


def _table_lines(name: str, kind: type[msgspec.Struct]) -> Iterator[str]:
    yield f"### {name}\n"
    yield inspect.cleandoc(kind.__doc__ or "") + "\n"
    yield "| column | type |\n|---|---|"
    yield from (f"| `{field.encode_name}` | `{_type_name(field.type)}` |" for field in msgspec.structs.fields(kind))
    yield ""


def fact_columns() -> Iterator[str]:
    """Every column of the facts."""
    yield "## Facts\n"
    yield inspect.cleandoc(facts.Fact.__doc__ or "") + "\n"
    yield "| column | type |\n|---|---|"
    yield from (
        f"| `{field.encode_name}` | `{_type_name(field.type)}` |" for field in msgspec.structs.fields(facts.Fact)
    )


def _type_name(annotation: object) -> str:
    text = (
        annotation.__name__ if isinstance(annotation, type) and not hasattr(annotation, "__args__") else str(annotation)
    )
    return text.replace("ebbtide.model.transcripts.", "").replace("|", "or")


if __name__ == "__main__":
    if "--check" in sys.argv:
        sys.exit(0 if TARGET.is_file() and TARGET.read_text(encoding="utf-8") == reference() else 1)
    TARGET.write_text(reference(), encoding="utf-8")
    print(TARGET)
