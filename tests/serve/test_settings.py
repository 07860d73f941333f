"""Settings: options first, then the environment, then what is usual; what cannot be is refused by name."""

from pathlib import Path

import pytest

from vitascope.serve.settings import Settings, SettingsError


def test_an_option_goes_before_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("VITASCOPE_LEASE", "12.5")
    monkeypatch.setenv("VITASCOPE_ALLOW_PRIVATE", "yes")
    found = Settings.of(home=tmp_path)
    assert found.lease == 12.5 and found.allow_private is True
    assert Settings.of(home=tmp_path, lease=7.0, allow_private=False, model=None).lease == 7.0


def test_data_lie_in_the_home_folder_if_nothing_else_is_said(tmp_path: Path) -> None:
    found = Settings.of(home=tmp_path)
    assert found.store == f"sqlite:///{tmp_path}/vitascope.db" and found.media == str(tmp_path / "media")


def test_a_workers_environment_makes_the_same_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    given = Settings.of(
        home=tmp_path, public_url="http://a/", allow_private=True, lease=3.0, expire_days=0.5, max_body=5000,
        webhook_secret="whsec_x", webhook_url="http://b", model="tiny",
    )  # fmt: skip
    for name, value in given.as_environment().items():
        monkeypatch.setenv(name, value)
    assert Settings.of() == given


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("lease", "soon", "lease: 'soon' was given, it should be a number"),
        ("lease", "0.1", "lease: 0.1 was given, it should be 1 or more"),
        ("hang", "nan", "hang: nan was given"),
        ("max_body", "1.5", "max_body: '1.5' was given"),
        ("allow_private", "maybe", "allow_private: 'maybe' was given, it should be 1 or 0"),
        ("tier", "gold", "tier: 'gold' was given, there are free, usual, first"),
        ("expire_days", "-1", "expire_days: -1 was given"),
    ],
)
def test_a_setting_that_cannot_be_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, value: str, told: str
) -> None:
    monkeypatch.setenv(f"VITASCOPE_{name.upper()}", value)
    with pytest.raises(SettingsError, match=told):
        Settings.of(home=tmp_path)
