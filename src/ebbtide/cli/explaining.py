"""The site that explains a survey: its page and the two well-known files, written from survey.toml."""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from ebbtide.conduct.identity import is_complete, user_agent
from ebbtide.conduct.well_known import (
    PROBING_PATH,
    SECURITY_PATH,
    contact_uri,
    opt_out_of,
    render_probing,
    render_security,
)
from ebbtide.model.configuration import SurveyConfig
from ebbtide.model.errors import ConductError
from ebbtide.model.targets import Level
from ebbtide.publish.survey_site import SurveyPage, render_survey_page
from ebbtide.rounds.durable import make_folder, write_file
from ebbtide.survey.outside import outside_for

PAGE = "index.html"


def write_site(config: SurveyConfig, site: Path, days: int) -> tuple[Path, ...]:
    """Write the page, ``probing.txt`` and ``security.txt``; files of these names are replaced.

    Args:
        config: Its ``[identity]`` must be complete.
        site: Folder to write to; what a web server serves at the root of the page's host.
        days: For how long the two files may be trusted.

    Returns:
        The files.

    Raises:
        ConductError: ``[identity]`` lacks something.
    """
    if not is_complete(config.identity):
        raise ConductError(
            "organisation, page or contact is missing or cannot be used.",
            where="survey.toml: identity",
            remedy='Write them as organisation = "...", page = "https://...", contact = "name@host".',
        )
    now = datetime.now(UTC)
    expires = now + timedelta(days=days)
    contents = {
        PAGE: render_survey_page(_page(config, now)),
        PROBING_PATH: render_probing(config.identity, expires),
        SECURITY_PATH: render_security(config.identity, expires),
    }
    written = []
    for name, text in contents.items():
        path = site / name.removeprefix("/")
        try:
            make_folder(path.parent)
            write_file(path, text.encode())
        except OSError as error:
            raise ConductError(f"{path} cannot be written ({error.strerror}).", where="--out") from error
        written.append(path)
    return tuple(written)


def _page(config: SurveyConfig, now: datetime) -> SurveyPage:
    identity = config.identity
    absent = f".{config.plan.absent_extension}" if config.plan.absent_extension else ""
    requests = [
        "The start page, /",
        f"One page that surely does not exist, a random name{absent and f' with {absent}'}",
    ]
    if config.plan.icon:
        requests.append("The icon, /favicon.ico")
    if config.plan.level is Level.ACTIVE:
        requests.append("Where more is asked for: further random names that surely do not exist, to compare with")
    rate = config.limits.requests_per_prefix_s
    return SurveyPage(
        survey_name=config.survey.name,
        organisation=identity.organisation.strip(),
        purpose=identity.purpose.strip(),
        page=identity.page.strip(),
        contact=identity.contact.strip().removeprefix("mailto:"),
        contact_uri=contact_uri(identity.contact),
        opt_out=opt_out_of(identity).removeprefix("mailto:"),
        opt_out_uri=contact_uri(opt_out_of(identity)),
        user_agent=user_agent(identity),
        addresses=dict.fromkeys(identity.addresses or _own_addresses(config), ()),
        requests=tuple(requests),
        is_active=config.plan.level is Level.ACTIVE,
        has_robots=config.plan.robots,
        most_attempts=config.attempts.most,
        per_prefix=f"No network (a /24 or a /48) sees more than {rate:g} requests in a second." if rate else "",
        updated=now.date().isoformat(),
        language=identity.languages[0] if identity.languages and identity.languages[0].startswith("en") else "en",
    )


def _own_addresses(config: SurveyConfig) -> tuple[str, ...]:
    """Those from which this machine asks, where they are what others see."""
    return tuple(address for address in outside_for(config).vantage() if ip_address(address).is_global)
