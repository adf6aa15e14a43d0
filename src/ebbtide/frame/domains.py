"""Registrable domains: what somebody can register below a public suffix."""

from functools import cache

from publicsuffixlist import PublicSuffixList


def registrable_domain(host: str) -> str:
    """The registrable domain of a host; the host itself if it is an address or a public suffix.

    Args:
        host: Canonical host.

    Returns:
        For example ``example.co.uk`` for ``www.example.co.uk``.

    Source:
        The Public Suffix List, as the package ``publicsuffixlist`` ships it.
    """
    if ":" in host or host.rpartition(".")[2].isdigit():
        return host
    return _list().privatesuffix(host) or host


@cache
def _list() -> PublicSuffixList:
    return PublicSuffixList()
