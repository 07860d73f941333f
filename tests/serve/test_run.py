"""The processes of a server: begun, begun again when they die, and ended together."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from vitascope.serve import run
from vitascope.serve.database import Database
from vitascope.serve.keys import Keys
from vitascope.serve.run import Team
from vitascope.serve.settings import Settings, SettingsError

SECONDS = 60.0  # that anything may take on a busy machine
SLEEPS = "import time; print('begun', flush=True); time.sleep(600)"
OBEYS = "import signal, sys, time; signal.signal(15, lambda *_: sys.exit(0)); time.sleep(600)"


def wait_until(true: Callable[[], bool], what: str) -> None:
    until = time.monotonic() + SECONDS
    while not true():
        assert time.monotonic() < until, what
        time.sleep(0.02)


def is_there(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


@pytest.fixture
def team(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Team]:
    """Two workers that only sleep."""
    monkeypatch.setattr(run, "AGAIN", (0.05, 0.2))
    made = Team(Settings.of(home=tmp_path), 2)
    made._command = [sys.executable, "-c", OBEYS]
    yield made
    made.end()


def test_a_worker_that_dies_is_begun_again(team: Team) -> None:
    team.begin()
    wait_until(lambda: len(team.pids()) == 2, "two were to begin")
    first = team.pids()
    os.kill(first[0], signal.SIGKILL)
    wait_until(lambda: len(team.pids()) == 2 and first[0] not in team.pids(), "another was to begin")
    assert first[1] in team.pids()


def test_all_end_together_and_none_is_begun_afterwards(team: Team) -> None:
    team.begin()
    wait_until(lambda: len(team.pids()) == 2, "two were to begin")
    pids = team.pids()
    team.end()
    time.sleep(0.3)  # longer than it waits before it begins one again
    assert team.pids() == [] and not any(is_there(pid) for pid in pids)


def test_one_that_does_not_listen_is_killed(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "ENDS", 0.3)
    team._command = [sys.executable, "-c", "import signal; signal.signal(15, signal.SIG_IGN); " + SLEEPS]
    team.begin()
    wait_until(lambda: len(team.pids()) == 2, "two were to begin")
    pids = team.pids()
    team.end()
    assert not any(is_there(pid) for pid in pids)


def test_no_secret_stands_in_a_workers_command(tmp_path: Path) -> None:
    settings = Settings.of(home=tmp_path, webhook_secret="whsec_hidden", store="postgresql+psycopg://me:hidden@db/x")
    team = Team(settings, 1)
    assert not any("hidden" in part for part in team._command)
    assert team._environment["VITASCOPE_WEBHOOK_SECRET"] == "whsec_hidden"


def test_strangers_are_not_served_without_a_key(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = Settings.of(home=tmp_path)
    with pytest.raises(SettingsError, match="vitascope keys create"):
        run._first_key(settings, "0.0.0.0", 8000)
    database = Database(settings.store)
    assert Keys(database).list() == []
    Keys(database).create("mine")
    database.close()
    run._first_key(settings, "0.0.0.0", 8000)
    assert capsys.readouterr().out == ""


def test_the_first_key_is_shown_once_with_examples(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = Settings.of(home=tmp_path)
    run._first_key(settings, "127.0.0.1", 8123)
    shown = capsys.readouterr().out
    found = re.search(r"vita_[A-Za-z0-9]{32}", shown)
    assert found is not None and "http://127.0.0.1:8123/openai/v1" in shown
    database = Database(settings.store)
    assert Keys(database).find(found[0]) is not None
    database.close()
    run._first_key(settings, "127.0.0.1", 8123)
    assert capsys.readouterr().out == ""


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_server_that_is_ended_takes_its_workers_with_it(
    tmp_path: Path, tiny_engine: Path, number: signal.Signals
) -> None:
    command = [sys.executable, "-m", "vitascope.cli", "serve", "--home", str(tmp_path), "--port", "0"]
    command += ["--model", "tiny", "--log", "INFO"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    begun = next(line for line in process.stderr if "worker begins" in line)
    found = re.search(r"-(\d+)-[0-9a-f]{6}", begun)
    assert found is not None and is_there(int(found[1]))
    process.send_signal(number)
    said = process.stderr.read()
    process.wait(SECONDS)
    assert "worker ends" in said and "Traceback" not in said
    wait_until(lambda: not is_there(int(found[1])), "the worker is still there")


def test_nobody_listens_when_the_model_is_unknown(tmp_path: Path) -> None:
    from vitascope.model.card import Refused

    with pytest.raises(Refused):
        run.serve(Settings.of(home=tmp_path, model="no-such"), "127.0.0.1", 0, 1)
    assert not (tmp_path / "vitascope.db").exists()
