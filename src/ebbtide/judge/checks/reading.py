"""One file of a check: a nuclei template with a key ``ebbtide`` that says what the check means."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from ebbtide.judge.checks.content_hash import content_hash, plain_tree
from ebbtide.judge.checks.lifecycle_reading import read_date, read_end_of_life
from ebbtide.judge.checks.records import (
    AllOf,
    AnyOf,
    ByTemplate,
    Check,
    Decision,
    EndOfLife,
    Parameter,
    Sample,
    SampleResponse,
)
from ebbtide.judge.templates.placeholders import path_without_address
from ebbtide.judge.templates.reading import is_passive, read_template_table
from ebbtide.judge.templates.records import Template
from ebbtide.judge.templates.tree_reading import TableReader
from ebbtide.judge.templates.yaml_tree import Scalar, read_yaml
from ebbtide.model.errors import CheckError
from ebbtide.model.targets import Level

SEVERITIES = ("info", "low", "medium", "high", "critical")
LEAST_SAMPLES = 2

_LOWEST_STATUS, _HIGHEST_STATUS = 100, 599


def read_check_file(path: Path, pack: str, settings: Mapping[str, str]) -> Check:
    """Read one check.

    Args:
        path: The file; its name is the check's id.
        pack: Id of the pack.
        settings: What the operator set for this check's parameters.

    Raises:
        CheckError: The file is wrong, or has too few samples, or the operator set an unknown parameter.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise CheckError(f"the file cannot be read: {error.strerror}.", where=str(path)) from error
    top = TableReader(read_yaml(data, str(path)), str(path))
    if top.text("id") != path.stem:
        top.fail("id", f"must be the name of the file, {path.stem}.")
    return read_check(top, pack, settings)


def read_check(top: TableReader, pack: str, settings: Mapping[str, str]) -> Check:
    """Read one check from its tree.

    Raises:
        CheckError: As ``read_check_file``.
    """
    about = top.need("ebbtide")
    about.only(
        "level", "gate", "decide", "severity", "words", "remedy", "source", "parameters", "explains_absent", "product",
        "samples",
    )  # fmt: skip
    parameters = _parameters(about, top.text("id"), settings)
    decision = _decision(about)
    asks_nothing = isinstance(decision, AnyOf | EndOfLife)
    template = None if asks_nothing else _template(top, {each.name: each.value for each in parameters})
    if template is None and ("http" in top or "requests" in top):
        top.fail("http", "must be left out of a check that is any_of others, or that is about an end of life.")
    return Check(
        id=top.text("id"),
        version=_version(top, about, parameters),
        pack=pack,
        name=top.need("info").text("name"),
        level=_level(about, template),
        severity=_severity(top, about),
        families=about.texts("gate"),
        decision=decision,
        words=_sentence(about, "words"),
        remedy=_sentence(about, "remedy"),
        sources=_sources(about),
        parameters=parameters,
        explains_absent=about.truth("explains_absent"),
        blocks=template.blocks if template else (),
        samples=_samples(about),
        product=about.text("product", ""),
        flow=template.flow if template else None,
    )


def template_check(template: Template, *, is_passive: bool) -> Check:
    """An operator's template as a check: any server is its base."""
    return Check(
        id=template.id,
        version=template.version,
        pack="",
        name=template.name,
        level=Level.PASSIVE if is_passive else Level.ACTIVE,
        severity=template.severity,
        families=(),
        decision=ByTemplate(),
        words=template.name,
        remedy=template.remediation,
        sources=template.references,
        parameters=(),
        explains_absent=False,
        blocks=template.blocks,
        samples=(),
        flow=template.flow,
    )


def _template(top: TableReader, parameters: Mapping[str, str]) -> Template:
    reading = read_template_table(top, parameters)
    if reading.template is None:
        top.fail("http", f"cannot be run: {', '.join(reading.refusals.reasons)}.")
    return reading.template


def _decision(about: TableReader) -> Decision:
    node = about.node("decide")
    if node is None or (isinstance(node, Scalar) and node.text == "template"):
        return ByTemplate()
    if isinstance(node, Scalar):
        about.fail("decide", "must be template, any_of: [...], all_of: [...] or end_of_life: {...}.")
    reader = about.need("decide")
    reader.only("any_of", "all_of", "end_of_life")
    if "end_of_life" in reader:
        if "any_of" in reader or "all_of" in reader:
            about.fail("decide", "must be one of any_of, all_of and end_of_life.")
        return read_end_of_life(reader.need("end_of_life"))
    any_of, all_of = reader.texts("any_of"), reader.texts("all_of")
    if bool(any_of) == bool(all_of):
        about.fail("decide", "must be either any_of or all_of, with a list of checks.")
    return AnyOf(any_of) if any_of else AllOf(all_of)


def _level(about: TableReader, template: Template | None) -> Level:
    text = about.text("level")
    if text not in Level.__members__.values():
        about.fail("level", "must be passive or active.")
    level = Level(text)
    if level is Level.PASSIVE and template is not None and not is_passive(template.blocks):
        about.fail("level", "must be active, since the check asks for a named path.")
    return level


def _severity(top: TableReader, about: TableReader) -> str:
    severity = about.text("severity")
    if severity not in SEVERITIES:
        about.fail("severity", f"must be one of {', '.join(SEVERITIES)}.")
    info = top.need("info")
    if info.text("severity", severity) != severity:
        info.fail("severity", "must be that of ebbtide.severity, or be left out.")
    return severity


def _sentence(about: TableReader, key: str) -> str:
    text = " ".join(about.text(key).split())
    if not text:
        about.fail(key, "must not be empty.")
    return text


def _sources(about: TableReader) -> tuple[str, ...]:
    sources = about.texts("source")
    if not sources or not all(text.strip() for text in sources):
        about.fail("source", "must cite at least one source.")
    return sources


def _parameters(about: TableReader, check: str, settings: Mapping[str, str]) -> tuple[Parameter, ...]:
    reader = about.child("parameters")
    found = []
    for name in reader.keys if reader else ():
        each = reader.need(name) if reader else about
        each.only("default", "why")
        default = each.text("default")
        found.append(Parameter(name, default, _sentence(each, "why"), settings.get(name, default)))
    known = {each.name for each in found}
    for name in settings:
        if name not in known:
            raise CheckError(
                "the check has no parameter of that name.",
                where=f"checks.parameters.{check}.{name}",
                remedy=f"It has {', '.join(sorted(known)) or 'none'}.",
            )
        if not settings[name]:
            raise CheckError("the value must not be empty.", where=f"checks.parameters.{check}.{name}")
    return tuple(found)


def _samples(about: TableReader) -> tuple[Sample, ...]:
    reader = about.need("samples")
    reader.only("match", "miss")
    found: list[Sample] = []
    for key in ("match", "miss"):
        samples = reader.children(key)
        if len(samples) < LEAST_SAMPLES:
            kind = "answers that show it" if key == "match" else "look-alikes that must not"
            reader.fail(key, f"must hold at least {LEAST_SAMPLES} samples: {kind}.")
        found.extend(_sample(sample, is_match=key == "match") for sample in samples)
    return tuple(found)


def _sample(reader: TableReader, *, is_match: bool) -> Sample:
    reader.only("about", "responses", "date")
    responses = tuple(_response(each) for each in reader.children("responses"))
    if not responses:
        reader.fail("responses", "must not be empty.")
    date = read_date(reader, "date") if "date" in reader else ""
    return Sample(_sentence(reader, "about"), is_match, responses, date)


def _response(reader: TableReader) -> SampleResponse:
    reader.only("request", "status", "fields", "body")
    path = path_without_address(reader.text("request"))
    if path is None:
        reader.fail("request", "must be a path, starting with {{BaseURL}} or /.")
    status = reader.number("status", 200)
    if not _LOWEST_STATUS <= status <= _HIGHEST_STATUS:
        reader.fail("status", "must be a status code.")
    return SampleResponse(path, status, reader.pairs("fields"), reader.text("body", ""))


def _version(top: TableReader, about: TableReader, parameters: Sequence[Parameter]) -> str:
    """Hash of what decides: layout, wording, sources, samples and when dates were looked up do not."""
    content: dict[str, object] = {
        "http": plain_tree(top.node("http") or top.node("requests")),
        **{key: plain_tree(about.node(key)) for key in ("level", "gate", "decide", "explains_absent")},
        **{key: plain_tree(top.node(key)) for key in ("flow", "variables") if key in top},
        "parameters": {each.name: each.value for each in parameters},
    }
    decide = content["decide"]
    if isinstance(decide, dict) and isinstance(decide.get("end_of_life"), dict):
        content["decide"] = {"end_of_life": {**decide["end_of_life"], "known": ""}}
    if "product" in about:
        content["product"] = plain_tree(about.node("product"))
    return content_hash(content)
