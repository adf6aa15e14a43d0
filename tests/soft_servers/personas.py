"""The ways in which a server answers names that it does not have."""

import random
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from html import escape
from itertools import cycle, islice
from types import MappingProxyType
from typing import NamedTuple

from soft_servers.answers import NOT_FOUND, WORDS, Said, all_product_words, page, product_pages, prose

MOODS = 20
SERVERS = ("Apache/2.4.62", "nginx/1.22.1", "lighttpd/1.4.69", "Microsoft-IIS/5.0", "")


class Persona(NamedTuple):
    """A server.

    Attributes:
        kind: The way in which it answers; any other than ``KINDS`` has one product among ordinary answers.
        mood: Which of its kind, from 0.
        server: Its field Server; empty for none.
    """

    kind: str
    mood: int
    server: str

    def answer(self, path: str, turn: int) -> Said:
        """What it says to a path; ``turn`` counts its answers."""
        says = KINDS.get(self.kind, _one_product)
        return self.front() if path == "/" and self.kind not in WHOLE else says(self, path, turn)

    def front(self) -> Said:
        """A front page with nothing in it."""
        return Said(200, page(f"{WORDS[self.mood]} shop", prose(self.luck("/"), 120)))

    def luck(self, *words: object) -> random.Random:
        """Chance that is the same for the same words."""
        return random.Random(f"{self.kind} {self.mood} {words}")  # noqa: S311  nothing secret


def _same_page(me: Persona, path: str, turn: int) -> Said:
    return Said(200, page("Welcome", prose(me.luck("page"))))


def _front_page(me: Persona, path: str, turn: int) -> Said:
    return me.front()


def _echo_in_text(me: Persona, path: str, turn: int) -> Said:
    return Said(200, page("Search", prose(me.luck("page"), 30), f"You came from {escape(path)}."))


def _echo_in_title(me: Persona, path: str, turn: int) -> Said:
    return Said(200, page(f"{path.strip('/')} - shop", prose(me.luck("page"), 30)))


def _random_page(me: Persona, path: str, turn: int) -> Said:
    return Said(200, page(prose(me.luck(turn), 3), prose(me.luck(turn), 80), all_product_words()))


def _timestamp(me: Persona, path: str, turn: int) -> Said:
    at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=turn * 7919 + me.mood)
    return Said(
        200, page("Welcome", prose(me.luck("page"), 30), f"Made on {at:%d %B %Y, %H:%M:%S}", all_product_words())
    )


def _json_error(me: Persona, path: str, turn: int) -> Said:
    said = ('{"error":"not found","path":"%s"}', '{"status":404,"message":"No route for %s"}', '{"ok":true,"for":"%s"}')
    return Said(200, said[me.mood % 3] % path, {"Content-Type": "application/json"})


def _json_of_everything(me: Persona, path: str, turn: int) -> Said:
    keys = ("status", "name", "version", "agent", "gitVersion", "memstats", "_links", "couchdb", "ApiVersion")
    held = ",".join(f'"{key}":"1.{me.mood}"' for key in keys)
    return Said(200, f"{{{held}}}", {"Content-Type": "application/json"})


def _application(me: Persona, path: str, turn: int) -> Said:
    return Said(
        200, f'<!doctype html><title>App {me.mood}</title><div id="root"></div><script src="/main.js"></script>'
    )


def _login_redirect(me: Persona, path: str, turn: int) -> Said:
    return Said(
        302, "", {"Location": f"/login?next={path}"} if me.mood % 2 else {"Location": "https://id.example.test/"}
    )


def _login_page(me: Persona, path: str, turn: int) -> Said:
    return Said(
        200, page("Sign in", f'<form action="{path}"><input name="pma_username"><input type="password"></form>')
    )


def _product_words(me: Persona, path: str, turn: int) -> Said:
    return Said(200, page("Help", prose(me.luck("page"), 20), all_product_words()))


def _apology(me: Persona, path: str, turn: int) -> Said:
    text = next(islice(cycle(NOT_FOUND.values()), me.mood, None))
    return Said(200, page(text, f"{text}: {path}", all_product_words()), {"Content-Type": "text/html; charset=utf-8"})


def _apology_for_products(me: Persona, path: str, turn: int) -> Said:
    """An absent name is refused as it should be, and what is known gets an apology that quotes it, with 200."""
    if path not in product_pages():
        return Said(404, page("404", "No."))
    text = next(islice(cycle(NOT_FOUND.values()), me.mood + 9, None))
    return Said(200, page(text, product_pages()[path].body), {"Content-Type": "text/html; charset=utf-8"})


def _password(me: Persona, path: str, turn: int) -> Said:
    realm = ("Tomcat Manager Application", "Tomcat Host Manager Application", "Nagios Access", "Shop")[me.mood % 4]
    return Said(401, page("401", "Who are you?"), {"WWW-Authenticate": f'Basic realm="{realm}"'})


def _blocked(me: Persona, path: str, turn: int) -> Said:
    status = (403, 406, 429, 503, 200)[me.mood % 5]
    return Said(status, page("Request blocked", f"Your request for {escape(path)} was blocked. Incident {turn * 7919}.",
                             prose(me.luck("page"), 20)))  # fmt: skip


def _honeypot(me: Persona, path: str, turn: int) -> Said:
    known = product_pages().get(path)
    return Said(404, page("404", "No.")) if known is None else Said(known.status, known.body, dict(known.fields))


def _one_product(me: Persona, path: str, turn: int) -> Said:
    return _honeypot(me, path if path == "/.git/HEAD" else "/absent", turn)


def _soft_honeypot(me: Persona, path: str, turn: int) -> Said:
    known = product_pages().get(path)
    return _same_page(me, path, turn) if known is None else Said(known.status, known.body, dict(known.fields))


def _honeypot_by_chance(me: Persona, path: str, turn: int) -> Said:
    known = me.luck(turn).choice(list(product_pages().values()))
    return Said(200, product_pages()[path].body if path in product_pages() else known.body)


def _by_extension(me: Persona, path: str, turn: int) -> Said:
    shapes = (
        lambda: path.endswith(".php"),
        lambda: "." in path[2:] and not path.endswith(".html"),
        lambda: path.endswith("/"),
        lambda: "." not in path and not path.endswith("/"),
    )  # fmt: skip
    is_mine = shapes[me.mood % 4]()
    return Said(200, page("Shop", prose(me.luck("page"), 20), all_product_words())) if is_mine else Said(404, "No.")


def _to_the_front(me: Persona, path: str, turn: int) -> Said:
    return Said((301, 302, 303, 307, 308)[me.mood % 5], "", {"Location": "/"})


def _nothing(me: Persona, path: str, turn: int) -> Said:
    return Said((200, 204, 202, 200)[me.mood % 4], "")


def _a_word(me: Persona, path: str, turn: int) -> Said:
    return Said(
        200, ("OK", "404", "1", "true", "hello", "<h1>It works!</h1>", "GIF89a", "null", "[]", "{}")[me.mood % 10]
    )


def _parked(me: Persona, path: str, turn: int) -> Said:
    links = "".join(f'<a href="/{word}">{word}</a> ' for word in me.luck("same").sample(WORDS, 20))
    return Said(200, page("This name is for sale", links, f"Offer {me.luck(turn).randrange(10**6)}"))


def _article(me: Persona, path: str, turn: int) -> Said:
    about = product_pages().get(path)
    text = escape(about.body) if about else prose(me.luck(path), 30)
    return Said(200, page(f"How to protect {escape(path)}", prose(me.luck("page"), 60), f"<pre>{text}</pre>"))


def _did_you_mean(me: Persona, path: str, turn: int) -> Said:
    titles = "".join(f"<li>{escape(name)}</li>" for name in me.luck(turn).sample(sorted(product_pages()), 12))
    return Said(
        200, page("Shop", prose(me.luck("page"), 80), f"Did you mean <ul>{titles}</ul> instead of {escape(path)}?")
    )


KINDS: Mapping[str, Callable[[Persona, str, int], Said]] = MappingProxyType(
    {
        function.__name__.strip("_"): function
        for function in (
            _same_page, _front_page, _echo_in_text, _echo_in_title, _random_page, _timestamp, _json_error,
            _json_of_everything, _application, _login_redirect, _login_page, _product_words, _apology,
            _apology_for_products, _password, _blocked, _honeypot, _soft_honeypot, _honeypot_by_chance, _by_extension,
            _to_the_front, _nothing, _a_word, _parked, _article, _did_you_mean,
        )
    }
)  # fmt: skip
WHOLE = frozenset({"application", "parked", "a_word"})
"""Kinds whose front page is what they say to every name."""
HONEYPOTS = frozenset({"honeypot", "soft_honeypot", "honeypot_by_chance"})
PERSONAS = tuple(
    Persona(kind, mood, server) for kind in KINDS for mood, server in zip(range(MOODS), cycle(SERVERS), strict=False)
)
