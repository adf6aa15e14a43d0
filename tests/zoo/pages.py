"""What the sites of the zoo hold: a front page, and what should never have been put beside it."""

from collections.abc import Mapping
from types import MappingProxyType

FRONT = (
    "<!doctype html><html><head><title>Garden shop</title></head><body><h1>Welcome</h1><p>Seeds.</p></body></html>\n"
)
PLAIN: Mapping[str, str] = MappingProxyType({"index.html": FRONT})
GIT: Mapping[str, str] = MappingProxyType(
    {
        ".git/HEAD": "ref: refs/heads/main\n",
        ".git/config": "[core]\n\trepositoryformatversion = 0\n\tbare = false\n",
        ".git/refs/heads/main": "4b825dc642cb6eb9a060e54bf8d69288fbee4904\n",
    }
)
BACKUP_PHP: Mapping[str, str] = MappingProxyType(
    {"index.php~": '<?php\n$title = "Garden shop";\ninclude "front.php";\n'}
)
BACKUP_JSP: Mapping[str, str] = MappingProxyType({"index.jsp~": '<%@ page language="java" %>\n<h1>Welcome</h1>\n'})
SWAP: Mapping[str, bytes] = MappingProxyType({".index.html.swp": b"b0VIM 9.0\0\0\0\0\x10\0\0\0" + bytes(4000)})
FINDER: Mapping[str, bytes] = MappingProxyType({".DS_Store": b"\0\0\0\x01Bud1\0\0\x10\0" + bytes(4000)})
NOTES: Mapping[str, str] = MappingProxyType({"notes.txt": "seeds, spades\n"})
