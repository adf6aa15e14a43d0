import pytest

import real_servers


def nothing_installed(name: str) -> None:
    assert name


def test_missing_servers_skip_on_a_developer_s_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(real_servers, "find_program", nothing_installed)
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match=r"nginx, apache2 not installed; scripts/install-debian\.sh"):
        real_servers.require_programs()


def test_missing_servers_fail_in_continuous_integration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(real_servers, "find_program", nothing_installed)
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="not installed"):
        real_servers.require_programs()
