"""`vitascope serve` and `vitascope worker`: the processes that a server is made of, begun, watched and ended."""

import os
import signal
import subprocess
import sys
import threading
import time

from vitascope.serve.database import Database
from vitascope.serve.keys import Keys
from vitascope.serve.log import tell
from vitascope.serve.settings import SERVER, Settings, SettingsError

LOOPBACK = ("127.0.0.1", "::1", "localhost")
AGAIN = (1.0, 30.0)  # seconds before a worker that has died is begun again: the first time, and at most
ENDS = 40.0  # seconds that workers have to hand back what they hold

EXAMPLES = """
This server's key, shown only now (more of them: vitascope keys create):

    {key}

The official clients, with nothing changed but the address and the key:

    from openai import OpenAI
    client = OpenAI(base_url="{url}/openai/v1", api_key="{key}")
    video = client.videos.create_and_poll(prompt="a red ball bounces on the grass", seconds="4")
    client.videos.download_content(video.id).write_to_file("ball.mp4")

    from runwayml import RunwayML
    client = RunwayML(base_url="{url}/runway", api_key="{key}")
    task = client.text_to_video.create(model="veo3.1", prompt_text="a red ball bounces", ratio="1280:720", duration=4)
    print(task.wait_for_task_output().output)

    from lumaai import LumaAI
    client = LumaAI(base_url="{url}/luma/dream-machine/v1", auth_token="{key}")
    print(client.generations.create(model="ray-2", prompt="a red ball bounces").id)

    from google import genai
    options = genai.types.HttpOptions(base_url="{url}/google")
    client = genai.Client(enterprise=True, api_key="{key}", http_options=options)
    shot = genai.types.GenerateVideosSource(prompt="a red ball bounces")
    print(client.models.generate_videos(model="veo-3.1-generate-001", source=shot).name)

    import httpx  # Kling has no client of its own; the key itself is taken in place of a signed token
    headers = {{"Authorization": "Bearer {key}"}}
    body = {{"prompt": "a red ball bounces"}}
    print(httpx.post("{url}/kling/v1/videos/text2video", headers=headers, json=body).json())

And our own: curl {url}/v1/models -H "Authorization: Bearer {key}"   (documented at {url}/docs)
"""


def serve(settings: Settings, host: str, port: int, workers: int, log_level: str = "INFO") -> None:
    """Run the API in this process and workers in others, until SIGTERM or SIGINT. Raises SettingsError where it would
    listen to strangers without any key."""
    import uvicorn

    from vitascope.model.card import weights_of
    from vitascope.serve import log
    from vitascope.serve.app import build
    from vitascope.serve.desk import Desk

    weights_of(settings.model)  # refuses an unknown one before anything is begun
    log.begin(log_level)
    _first_key(settings, host, port)
    desk = Desk.open(settings)
    team = Team(settings, workers, log_level)
    # uvicorn raises the signal that has stopped it once more: without this the process would end there, and the workers
    # go on without it.
    signal.signal(signal.SIGTERM, _end)
    config = uvicorn.Config(
        build(desk), host, port, log_config=None, access_log=False, server_header=False, timeout_graceful_shutdown=10,
        timeout_keep_alive=75,
    )  # fmt: skip
    try:
        team.begin()
        uvicorn.Server(config).run()
    finally:
        team.end()


def _end(*_: object) -> None:
    sys.exit(0)


def work(settings: Settings, log_level: str = "INFO") -> None:
    """Run one worker in this process, until SIGTERM or SIGINT."""
    from vitascope.serve import log
    from vitascope.serve.desk import Desk
    from vitascope.serve.worker import main

    log.begin(log_level)
    main(Desk.open(settings))


def _first_key(settings: Settings, host: str, port: int) -> None:
    """On the first start, make a key and show it with examples."""
    database = Database(settings.store)
    try:
        known = Keys(database)
        if any(key.revoked is None for key in known.list()):
            return
        if host not in LOOPBACK:
            raise SettingsError(
                f"host: {host} was given, where strangers listen, and there is no key; make one first: "
                f"vitascope keys create"
            )
        secret, _ = known.create("first", settings.tier)
        print(EXAMPLES.format(key=secret, url=settings.public_url or f"http://{host}:{port}"), flush=True)
    finally:
        database.close()


class Team:
    """Worker processes, begun again when they die."""

    def __init__(self, settings: Settings, size: int, log_level: str = "INFO") -> None:
        self.size = size
        self._command = [sys.executable, "-m", "vitascope.cli", "worker", "--log", log_level]
        self._environment = {**os.environ, **settings.as_environment(), SERVER: str(os.getpid())}
        self._ending = threading.Event()
        self._begins = threading.Lock()
        self._processes: dict[int, subprocess.Popen[bytes]] = {}  # by their places in the team
        self._threads: list[threading.Thread] = []

    def begin(self) -> None:
        for place in range(self.size):
            thread = threading.Thread(target=self._keep, args=(place,), name="keeps a worker", daemon=True)
            thread.start()
            self._threads.append(thread)

    def end(self) -> None:
        """Ask all to stop, and wait until they have handed back what they hold."""
        with self._begins:
            self._ending.set()
            processes = list(self._processes.values())
        for process in processes:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        until = time.monotonic() + ENDS
        for process in processes:
            try:
                process.wait(max(0.1, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        for thread in self._threads:
            thread.join(1)

    def pids(self) -> list[int]:
        with self._begins:
            return [process.pid for process in self._processes.values() if process.poll() is None]

    def _keep(self, place: int) -> None:
        pause = AGAIN[0]
        while True:
            with self._begins:  # none is begun that `end` does not know of
                if self._ending.is_set():
                    return
                begun = time.monotonic()
                # A group of its own: Ctrl-C in the terminal reaches the server alone, which ends the workers in order.
                process = subprocess.Popen(self._command, env=self._environment, start_new_session=True)
                self._processes[place] = process
            process.wait()
            if not self._ending.is_set():
                tell("a worker has ended", status=process.returncode, seconds=round(time.monotonic() - begun, 1))
            pause = AGAIN[0] if time.monotonic() - begun > AGAIN[1] else min(AGAIN[1], 2 * pause)
            self._ending.wait(pause)
