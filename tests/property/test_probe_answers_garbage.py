"""Whatever a name server sends: nothing raises, nothing hangs, and what is kept is bounded."""

import ipaddress
from collections.abc import Iterable

import pycares
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ebbtide.probe.answers import MOST_ADDRESSES, MOST_ALIASES, read_answer
from ebbtide.probe.resolve import resolve_hosts
from name_servers import (
    CNAME,
    Query,
    Script,
    address_record,
    alias,
    name_server,
    names_section,
    record,
    reply,
)

NAMES = st.sampled_from(["h.test", "H.test.", "a.test", "b.test", "c.test", "d.test", "", "\\255.test"])
ADDRESSES = st.one_of(
    st.ip_addresses().map(str), st.text(max_size=10), st.sampled_from(["::ffff:1.2.3.4", "::1.2.3.4", "1.2.3"])
)
RECORDS = st.one_of(
    st.builds(lambda name, other: _record(name, pycares.CNAMERecordData(other)), NAMES, NAMES),
    st.builds(lambda name, address: _record(name, pycares.ARecordData(address)), NAMES, ADDRESSES),
    st.builds(lambda name, address: _record(name, pycares.AAAARecordData(address)), NAMES, ADDRESSES),
    st.builds(lambda name, other: _record(name, pycares.NSRecordData(other)), NAMES, NAMES),
)
WIRE_RECORDS = st.one_of(
    st.builds(alias, st.sampled_from(["h.test", "a.test", "b.test"]), st.sampled_from(["h.test", "a.test", "b.test"])),
    st.builds(address_record, st.sampled_from(["h.test", "a.test"]), st.ip_addresses().map(str)),
    st.builds(record, st.just("h.test"), st.integers(0, 65535), st.binary(max_size=40)),
    st.builds(record, st.just("h.test"), st.just(CNAME), st.binary(max_size=40)),
)


def _record(name: str, data: object) -> pycares.DNSRecord:
    return pycares.DNSRecord(name, 0, 1, 60, data)  # type: ignore[arg-type]  # any of them


@given(st.lists(RECORDS, max_size=40))
def test_any_records_in_any_order_give_a_bounded_answer_of_true_addresses(records: list[pycares.DNSRecord]) -> None:
    answer = read_answer("h.test", records)
    assert len(answer.cnames) <= MOST_ALIASES
    assert len(set(answer.cnames)) == len(answer.cnames)
    assert [str(ipaddress.ip_address(each)) for each in answer.addresses] == list(answer.addresses)
    assert len(set(answer.addresses)) == len(answer.addresses)
    assert not (answer.broken and answer.addresses)


RAW = st.lists(st.one_of(st.binary(max_size=300), st.binary(max_size=80).map(b"\x81\x80".__add__)), max_size=3)
"""Octets behind the right number: a header that says anything, or one that says that an answer follows."""


@pytest.mark.live
def test_a_name_server_that_sends_anything_neither_raises_nor_hangs(capfd: pytest.CaptureFixture[str]) -> None:
    scripts: list[Script] = []

    def latest(query: Query) -> Iterable[bytes]:
        return scripts[-1](query)

    def raw(pieces: list[bytes]) -> Script:
        return lambda query: [query.octets[:2] + piece for piece in pieces]

    def well_formed(records: list[bytes]) -> Script:
        return lambda query: [reply(query, *records)]

    @settings(max_examples=60, deadline=None)
    @given(st.one_of(RAW.map(raw), st.lists(WIRE_RECORDS, max_size=20).map(well_formed)))
    def send(script: Script) -> None:
        scripts.append(script)
        (resolved,) = resolve_hosts(["h.test"], names_section(server.at, timeout_s=0.05, tries=1))
        assert resolved.host == "h.test"
        assert (resolved.failure is None) == bool(resolved.addresses)
        assert len(resolved.addresses) <= MOST_ADDRESSES
        assert len(resolved.cnames) <= MOST_ALIASES

    with name_server(latest) as server:
        send()
    assert "Traceback" not in capfd.readouterr().err
