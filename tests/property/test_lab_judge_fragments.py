"""The lab's marks and the judge's checks, written down apart, agree on pages made of what nearly shows a hole."""

from pathlib import Path

from hypothesis import example, given, settings
from hypothesis import strategies as st

from ebbtide.judge.engine import load_engine
from ebbtide.lab import marks
from ebbtide.model.configuration import ChecksSection, PlanSection
from ebbtide.model.outcomes import Answered
from ebbtide.model.targets import Level, Scheme, Target
from ebbtide.model.transcripts import Exchange, Purpose, Request, Transcript
from ebbtide.model.verdicts import Shown

ENGINE = load_engine(
    ChecksSection(packs=("iis-2001",)), PlanSection(level=Level.ACTIVE, absent_extension="ida"), Path()
)
TARGET = Target(b"0123456789abcdef", 1, "www.site.test", "127.0.0.9", 8001, Scheme.HTTP)
NAME = "0123456789abcdef.ida"
PIECES = [
    *(b"IDQ", b"idq", b"Idq", b"_", b"x", b"\x83A", b"\xe9", b"\x83\\", b"\xff", b"\0", b" ", b"\n", b"\x0b", b"\x0c"),
    *(
        NAME.encode(),
        NAME.upper().encode(),
        b"C:",
        b"z:",
        b"\\",
        b"/",
        b"C:\\web\\",
        b'"',
        b"'",
        b"<",
        b">",
        b"%",
        b"&lt;",
    ),
    *(b"<%", b"%>", b"<% x %>", b"&lt;%", b"<!--", b"-->", b"<!-- MS01-033 -->"),
    *(b"<script", b" type=", b"text/", b"text/template", b"text/x-jquery-tmpl", b"text/javascript", b"text/html"),
    *(b"</script", b"</script>", b"</SCRIPT >", b"<title", b"<title>", b"</title", b"<TITLE lang=en>", b"title"),
    *(
        b"IIS Internet Services Manager (HTMLA)",
        b"iis internet services manager (htmla)",
        b"window.open(",
        b"readme.eml",
    ),
    *(b"WINDOW.OPEN(", b'"README.EML"', b"'readme.eml'"),
]
BODIES = st.lists(st.one_of(st.sampled_from(PIECES), st.binary(max_size=3)), max_size=12).map(b"".join)


def shown(path: str, purpose: Purpose, status: int, body: bytes) -> set[str]:
    """The checks that a body shows at one of the three names."""
    seen = []
    asked = {"/": Purpose.ROOT, f"/{NAME}": Purpose.ABSENT, "/iisadmin/": Purpose.CHECK, path: purpose}
    for ordinal, (each, why) in enumerate(asked.items()):
        is_it = each == path
        seen.append(
            Exchange(
                target_id=TARGET.target_id,
                site_id=1,
                ordinal=ordinal,
                attempt=1,
                request=Request(each, why),
                asked_at_ns=0,
                outcome=Answered(),
                status=status if is_it else 404,
                http_version="1.1",
                fields=((b"Server", b"Microsoft-IIS/5.0"),),
                body=body if is_it else b"",
                body_bytes=len(body) if is_it else 0,
                address=TARGET.address or "",
            )
        )
    assessment = ENGINE.assess(Transcript(TARGET, 1, Answered(), tuple(seen), address=TARGET.address or ""))
    return {each.check for each in assessment.verdicts if isinstance(each.verdict, Shown)} - {"any-hole"}


@settings(max_examples=150)
@given(BODIES, st.sampled_from([200, 204, 302, 404, 500]))
@example(b'<script type="text/x-jquery-tmpl"><%= a %></script>', 200)
@example(b'<script type="text/template"><%= cut off %>', 200)
@example(b"<% a %><script type='text/template'>", 200)
def test_front_pages_show_the_same_to_both(body: bytes, status: int) -> None:
    expected = {"script-source"} if marks.shows_script(status, body) else set()
    expected |= {"backdoor-mark"} if marks.shows_infection(body) else set()
    assert shown("/", Purpose.ROOT, status, body) == expected


@settings(max_examples=150)
@given(BODIES)
@example("サーバアIDQ ファイル ".encode("shift_jis") + NAME.encode())
@example(b"IDQX and XIDQ and \x7fAIDQ for " + NAME.encode())
def test_replies_for_the_absent_name_show_the_same_to_both(body: bytes) -> None:
    is_filter = marks.shows_filter(body, NAME.encode())
    expected = {"code-red-ida-reachable"} if is_filter else set()
    expected |= {"code-red-ida"} if is_filter and marks.DEFAULT_PATCH_MARK not in body else set()
    expected |= {"server-path"} if marks.shows_path(body) else set()
    assert shown(f"/{NAME}", Purpose.ABSENT, 404, body) == expected


@settings(max_examples=150)
@given(BODIES, st.sampled_from([200, 204, 401]))
@example(b"<title lang=en>IIS Internet Services Manager (HTMLA)</title>", 200)
@example(b"<title>One</title><title>IIS Internet Services Manager (HTMLA)</title>", 200)
@example(b"<title>\x0bIIS Internet Services Manager (HTMLA)</title>", 200)
def test_administration_pages_show_the_same_to_both(body: bytes, status: int) -> None:
    expected = {"admin-pages"} if marks.shows_admin(status, body) else set()
    assert shown("/iisadmin/", Purpose.CHECK, status, body) == expected


def test_a_letter_that_is_half_a_character_does_not_hide_the_token() -> None:
    body = "サーバアIDQ ファイル ".encode("shift_jis") + NAME.encode()
    assert "code-red-ida-reachable" in shown(f"/{NAME}", Purpose.ABSENT, 200, body)
    assert "code-red-ida-reachable" not in shown(f"/{NAME}", Purpose.ABSENT, 200, body.replace(b"\x83A", b"xA"))


def test_a_template_that_the_cut_left_open_is_still_the_browsers() -> None:
    assert shown("/", Purpose.ROOT, 200, b'<script type="text/template"><%= a %><b>') == set()
    assert shown("/", Purpose.ROOT, 200, b'<% a %><script type="text/template"><%= a %><b>') == {"script-source"}


def test_a_title_with_attributes_is_a_title() -> None:
    body = b"<TITLE lang='en'>IIS Internet Services Manager (HTMLA)</TITLE>"
    assert shown("/iisadmin/", Purpose.CHECK, 200, body) == {"admin-pages"}
