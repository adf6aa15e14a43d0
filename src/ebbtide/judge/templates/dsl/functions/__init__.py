"""All functions of the language that are pure: the same arguments give the same value, on any day and any machine."""

from ebbtide.judge.templates.dsl.functions.ciphers import CIPHERS
from ebbtide.judge.templates.dsl.functions.codings import CODINGS
from ebbtide.judge.templates.dsl.functions.hashes import HASHES
from ebbtide.judge.templates.dsl.functions.lists import LISTS
from ebbtide.judge.templates.dsl.functions.numbers import NUMBERS
from ebbtide.judge.templates.dsl.functions.placeholders import PLACEHOLDERS
from ebbtide.judge.templates.dsl.functions.questions import QUESTIONS
from ebbtide.judge.templates.dsl.functions.signatures import Function
from ebbtide.judge.templates.dsl.functions.texts import TEXTS
from ebbtide.judge.templates.dsl.functions.times import TIMES
from ebbtide.judge.templates.dsl.functions.versions import VERSIONS

FUNCTIONS: dict[str, Function] = {
    **TEXTS,
    **QUESTIONS,
    **LISTS,
    **CODINGS,
    **HASHES,
    **CIPHERS,
    **NUMBERS,
    **TIMES,
    **VERSIONS,
    **PLACEHOLDERS,
}
