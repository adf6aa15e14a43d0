"""A real Chromium that may reach files and nothing else."""

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from playwright.sync_api import Browser, Page, Route, sync_playwright

CHROMIUM = Path("/usr/bin/chromium")
_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


class Watched(msgspec.Struct):
    """A page with everything that it asked for and complained about."""

    page: Page
    requests: list[str] = []
    complaints: list[str] = []


OpenPage = Callable[..., AbstractContextManager[Watched]]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One browser a module: while it is there, its event loop runs in this thread and no other can."""
    if not CHROMIUM.exists():
        reason = f"{CHROMIUM} is missing: sh scripts/install-debian.sh installs it"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(_ARGUMENTS))
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def open_page(chromium: Browser) -> OpenPage:
    """Opens a file as ``open_page(path, width=360, scheme="dark", media="screen", script=True)``."""

    @contextmanager
    def opened(
        path: Path, *, width: int = 1280, scheme: Any = "light", media: Any = "screen", script: bool = True
    ) -> Iterator[Watched]:
        context = chromium.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, java_script_enabled=script
        )
        try:
            page = context.new_page()
            watched = Watched(page)
            page.on("console", lambda message: watched.complaints.append(f"{message.type}: {message.text}"))
            page.on("pageerror", lambda error: watched.complaints.append(str(error)))
            context.route("**/*", lambda route: _files_only(route, watched))
            page.emulate_media(media=media, color_scheme=scheme)
            page.goto(path.as_uri())
            yield watched
        finally:
            context.close()

    return opened


def _files_only(route: Route, watched: Watched) -> None:
    watched.requests.append(route.request.url)
    if route.request.url.startswith("file:"):
        route.continue_()
    else:
        route.abort()
