"""What a server says to any name, and what is an answer to one."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from ebbtide.judge.engine import load_engine
from ebbtide.judge.presence.controls import Controls
from ebbtide.judge.presence.error_texts import error_texts
from ebbtide.judge.presence.likeness import MOST_WORDS, likeness, wording
from ebbtide.model.configuration import ChecksSection, PlanSection
from ebbtide.model.outcomes import Answered
from ebbtide.model.targets import Level, Scheme, Target
from ebbtide.model.transcripts import Exchange, Method, Purpose, Request, Transcript
from ebbtide.model.verdicts import CannotTell, CannotTellReason, NotShown, Shown, Verdict

TARGET = Target(bytes(range(16)), 7, "www.shop.example", "127.0.0.1", 8001, Scheme.HTTP)
FILE, FOLDER = "/0123456789abcdef.html", "/fedcba9876543210/"
EVERYTHING = CannotTell(CannotTellReason.ANSWERS_EVERYTHING)
STATUS_PAGE = b"<h1>Apache Server Status for shop</h1><dl><dt>Server uptime: 3 minutes</dt></dl>"
SHOP = b"<title>Shop</title><h1>Our shop</h1><p>Buy good things here, many of them, and come again soon.</p>"

Answer = tuple[int, bytes]


def exchange_of(path: str, status: int, body: bytes, ordinal: int = 0, **fields: bytes) -> Exchange:
    purpose = {"/": Purpose.ROOT, FILE: Purpose.ABSENT, FOLDER: Purpose.ABSENT}.get(path, Purpose.CHECK)
    named = tuple((name.replace("_", "-").encode(), value) for name, value in fields.items())
    return Exchange(
        TARGET.target_id, TARGET.site_id, ordinal, 1, Request(path, purpose), 0, Answered(), status=status,
        fields=((b"Server", b"Apache"), *named), body=body, body_bytes=len(body),
    )  # fmt: skip


def verdict_of(answers: Mapping[str, Answer], check: str = "server-status") -> Verdict:
    exchanges = tuple(exchange_of(path, *answer, place) for place, (path, answer) in enumerate(answers.items()))
    engine = load_engine(ChecksSection(packs=("exposures",)), PlanSection(level=Level.ACTIVE), Path())
    assessment = engine.assess(Transcript(TARGET, 1, Answered(), exchanges))
    return next(each.verdict for each in assessment.verdicts if each.check == check)


def test_an_application_s_front_page_for_every_name_hides_nothing_that_is_clearly_something_else() -> None:
    answers = {"/": (200, SHOP), FILE: (200, SHOP), FOLDER: (200, SHOP)}

    assert isinstance(verdict_of({**answers, "/server-status": (200, STATUS_PAGE)}), Shown)
    assert verdict_of({**answers, "/server-status": (200, SHOP)}) == EVERYTHING
    assert verdict_of({**answers, "/server-status": (404, b"")}) == NotShown()


def test_a_page_that_holds_what_is_looked_for_and_is_said_to_every_name_shows_nothing() -> None:
    page = SHOP + STATUS_PAGE
    answers = {"/": (200, SHOP), FILE: (200, page), FOLDER: (200, page), "/server-status": (200, page)}

    assert verdict_of(answers) == EVERYTHING


def test_of_a_server_with_another_page_for_each_name_nothing_can_be_told() -> None:
    answers = {"/": (200, SHOP), FILE: (200, b"one and two"), FOLDER: (200, b"three or four")}

    assert verdict_of({**answers, "/server-status": (200, STATUS_PAGE)}) == EVERYTHING


def test_names_like_a_folder_alone_may_be_answered() -> None:
    answers = {
        "/": (200, SHOP),
        FILE: (404, b"no"),
        FOLDER: (200, b"another page"),
        "/server-status": (200, STATUS_PAGE),
    }

    assert verdict_of(answers) == EVERYTHING


def test_a_status_that_every_name_gets_is_told_apart_by_what_comes_with_it() -> None:
    answers = {"/": (200, SHOP), FILE: (404, b"no"), FOLDER: (404, b"no")}

    assert isinstance(verdict_of({**answers, "/server-status": (200, STATUS_PAGE)}), Shown)


def test_a_round_that_asked_for_no_folder_is_judged_by_the_file() -> None:
    answers = {"/": (200, SHOP), FILE: (404, b"no"), "/server-status": (200, STATUS_PAGE)}

    assert isinstance(verdict_of(answers), Shown)
    assert verdict_of({**answers, FILE: (200, b"something")}) == EVERYTHING


def test_an_apology_is_no_presence_whatever_it_holds() -> None:
    page = b"<title>Seite nicht gefunden</title>" + STATUS_PAGE
    answers = {"/": (200, SHOP), FILE: (404, b"no"), FOLDER: (404, b"no"), "/server-status": (200, page)}

    assert verdict_of(answers) == NotShown()


@pytest.mark.parametrize(
    ("one", "other", "least", "most"),
    [
        (b"<p>The page /a/b.php was not found</p>", b"<p>The page /c/ was not found</p>", 1, 1),
        (b"Rendered at 12:04:11 in 3 ms by web03", b"Rendered at 09:13:59 in 41 ms by web17", 1, 1),
        (SHOP, b"ref: refs/heads/main\n", 0, 0),
        (b"", b"", 1, 1),
        (b"", SHOP, 0, 0),
        (SHOP + b"news of today", SHOP + b"offers for you", 0.7, 0.95),
    ],
)
def test_answers_are_alike_as_their_words_are(one: bytes, other: bytes, least: float, most: float) -> None:
    told = likeness(wording(exchange_of("/a/b.php", 200, one)), wording(exchange_of("/c/", 200, other)))

    assert least <= told <= most
    assert told == likeness(wording(exchange_of("/c/", 200, other)), wording(exchange_of("/a/b.php", 200, one)))


def test_where_a_redirect_leads_and_who_asks_for_a_password_are_part_of_the_answer() -> None:
    one = wording(exchange_of("/a", 302, b"", location=b"/login?next=/a"))
    assert likeness(one, wording(exchange_of("/b", 302, b"", location=b"/login?next=/b"))) == 1
    assert likeness(one, wording(exchange_of("/b", 302, b"", location=b"/b/"))) < 0.5
    realm = wording(exchange_of("/a", 401, b"", www_authenticate=b'Basic realm="Manager"'))
    assert likeness(realm, wording(exchange_of("/b", 401, b"", www_authenticate=b'Basic realm="Shop"'))) < 1


def test_of_a_long_page_only_its_beginning_is_compared() -> None:
    assert len(wording(exchange_of("/", 200, b"a b " * MOST_WORDS)).words) == MOST_WORDS


@pytest.mark.parametrize(
    "body",
    [
        "<title>404 - Shop</title>",
        "<title>Page Not Found | Shop</title>",
        "<h1 class='x'>Seite <b>nicht gefunden</b></h1>",
        "<title>Página no encontrada</title>",
        "<title>Страница не найдена</title>",
        "<title>Stránka nenalezena</title>",
        "<title>ページが見つかりません</title>",
        "<title>找不到页面</title>",
        "<title>페이지를 찾을 수 없습니다</title>",
        "<title>Sayfa bulunamadı</title>",  # noqa: RUF001  that is how it is written
        "<title>Side ikke fundet</title>",
        "<title>Sivua ei löytynyt</title>",
        "<title>Nie znaleziono strony</title>",
        "<title>Η σελίδα δεν βρέθηκε</title>",  # noqa: RUF001
        "<title>الصفحة غير موجودة ولم يتم العثور عليها</title>",
        "<title>הדף לא נמצא</title>",
        "<title>Không tìm thấy trang</title>",
        "<title>ไม่พบหน้าเว็บ</title>",
        "<title>Halaman tidak ditemukan</title>",
        "<title>Pagina niet gevonden</title>",
        "<title>Pagina nu a fost găsită: nu există</title>",
        "<title>Az oldal nem található</title>",
        "<title>Page introuvable</title>",
        "<title>Página não encontrada</title>",
        "<title>Sidan hittades inte</title>",
        '{"error": "Not found"}',
    ],
)
def test_an_apology_is_known_in_many_languages(body: str) -> None:
    assert error_texts().says_absent(exchange_of("/x", 200, body.encode()))


@pytest.mark.parametrize(
    ("body", "charset"),
    [
        ("<title>Страница не найдена</title>", "windows-1251"),
        ("<title>Страница не найдена</title>", "koi8-r"),
        ("<title>ページが見つかりません</title>", "shift_jis"),
        ("<title>找不到頁面</title>", "big5"),
        ("<title>找不到页面</title>", "gbk"),
        ("<title>Nie odnaleziono strony, błąd 404</title>", "iso-8859-2"),
        ("<h1>Stránka neexistuje</h1>", "utf-16le"),
    ],
)
def test_an_apology_is_known_in_the_encodings_of_its_language(body: str, charset: str) -> None:
    told = f"text/html; charset={charset}".encode()
    assert error_texts().says_absent(exchange_of("/x", 200, body.encode(charset), Content_Type=told))


@pytest.mark.parametrize(
    "body",
    [
        "<title>phpMyAdmin</title><p>The table was not found in the database, says the help.</p>" + "x" * 300,
        "<title>Apache Status</title><h1>Apache Server Status</h1><td>GET /missing 404 not found</td>" + "x" * 300,
        "ref: refs/heads/main",
        "",
        "<title",
        "<h1",
    ],
)
def test_a_page_about_something_else_is_no_apology(body: str) -> None:
    assert not error_texts().says_absent(exchange_of("/x", 200, body.encode()))


def test_a_head_alone_is_never_told_apart_from_a_server_that_answers_everything() -> None:
    controls = Controls(
        exchange_of("/", 200, SHOP, 0), exchange_of(FILE, 200, SHOP, 1), exchange_of(FOLDER, 200, SHOP, 2), {}
    )
    asked = Request("/backup.zip", Purpose.CHECK, Method.HEAD)
    head = Exchange(TARGET.target_id, 7, 3, 1, asked, 0, Answered(), status=200)

    assert not controls.is_told_apart(head, is_explained=False)
