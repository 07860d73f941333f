"""The command line, one thin command per verb: `vitascope make "a red ball bounces on the grass" -o ball.mp4`.

Nothing heavy is imported up here: each command fetches what it needs, so that `vitascope --help` answers at once.
"""

import json
import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup
from typer.exceptions import TyperException

from vitascope import __version__
from vitascope.options import (
    beside,
    build_shot,
    check_file,
    check_films,
    check_output,
    join,
    make_folder,
    open_films,
    read_size,
    wanted_sound,
    with_pins,
    with_tracks,
    within,
    write_sheet,
)
from vitascope.terminal import Stages, cancelled_by_interrupt

if TYPE_CHECKING:
    from vitascope.shot import Clip, Shot

MAX_TAKES = 16  # of one prompt
SHEET_TAKES = 120  # takes on the sheet of a folder of footage; a longer one could hardly be opened


class Commands(TyperGroup):
    """The commands, with one way to fail: what the user can mend is one line on stderr and status 2, no traceback."""

    def main(self, *args: Any, **extra: Any) -> Any:
        standalone = extra.pop("standalone_mode", True)
        try:
            status = super().main(*args, **{**extra, "standalone_mode": False})
        except Exception as error:
            if os.environ.get("VITASCOPE_DEBUG") == "1" or not _is_expected(error):
                raise
            message = error.format_message() if isinstance(error, TyperException) else str(error)
            print("vitascope: " + " ".join(message.split()), file=sys.stderr)
            status = 2
        except KeyboardInterrupt:
            status = 130
        if standalone:
            sys.exit(status or 0)
        return status


def _is_expected(error: Exception) -> bool:
    """Whether the user can mend it: our own errors (ShotError, ...), the system's about files, a mistyped option."""
    return isinstance(error, OSError | TyperException) or type(error).__module__.partition(".")[0] == "vitascope"


app = typer.Typer(
    cls=Commands,
    help="An open film studio for generative video.",
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback(invoke_without_command=True)
def start(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version and stop.")] = False,
) -> None:
    """An open film studio for generative video."""
    if version:
        print(__version__)
    elif context.invoked_subcommand is None:
        print(context.get_help())


@app.command()
def make(
    prompt: Annotated[str | None, typer.Argument(help="What is seen. May be left out with --shot.")] = None,
    output: Annotated[
        str | None,
        typer.Option("--output", "-o", help="The film (.mp4, .mov, .webm, .mkv, .gif, frames/%05d.png) or picture."),
    ] = None,
    image: Annotated[Path | None, typer.Option(help="The first picture.")] = None,
    last: Annotated[Path | None, typer.Option(help="The last picture.")] = None,
    seconds: Annotated[float | None, typer.Option(help="Length of the film.")] = None,
    size: Annotated[str | None, typer.Option(help="WIDTHxHEIGHT, such as 256x144.")] = None,
    fps: Annotated[float | None, typer.Option(help="Frames a second.")] = None,
    seed: Annotated[int | None, typer.Option(help="The same seed makes the same film.")] = None,
    negative: Annotated[str | None, typer.Option(help="What is not to be seen.")] = None,
    pin: Annotated[
        list[str] | None,
        typer.Option(help='A picture at a moment: "a.png@2s", "a.png@2s:x,y,width,height" or "a.png@2s*0.7".'),
    ] = None,
    reference: Annotated[
        list[str] | None, typer.Option(help='Who is in it, such as hero.png, or how it looks: "ink.png: style".')
    ] = None,
    extend: Annotated[Path | None, typer.Option(help="A film to go on with; both are written as one.")] = None,
    before: Annotated[Path | None, typer.Option(help="A film to lead up to; both are written as one.")] = None,
    retake: Annotated[
        str | None, typer.Option(help='Seconds of a film to make anew, such as "clip.mp4@1.0-2.5"; the rest stays.')
    ] = None,
    inpaint: Annotated[Path | None, typer.Option(help="A film in which what --mask marks is made anew.")] = None,
    mask: Annotated[Path | None, typer.Option(help="A picture, white where --inpaint makes the film anew.")] = None,
    loop: Annotated[bool, typer.Option("--loop", help="Let the film's end lead into its beginning.")] = False,
    camera: Annotated[str | None, typer.Option(help='Camera moves, such as "pan left 10deg + zoom in 1.2x".')] = None,
    brush: Annotated[
        list[str] | None, typer.Option(help='What a painted mask does, such as "mask.png: 0.2,-0.1"; up to six times.')
    ] = None,
    motion_from: Annotated[
        Path | None, typer.Option("--motion-from", "--transfer", help="A film whose motion is taken over.")
    ] = None,
    timeline: Annotated[
        str | None, typer.Option(help='What happens when: "0-1s: a ball rolls; pan left 10deg, 1-2s: it stops".')
    ] = None,
    sound: Annotated[
        bool, typer.Option("--sound", help='Make what is heard as well, and what is said: a man says "hello".')
    ] = False,
    score: Annotated[str | None, typer.Option(help='Music as well, such as "tense strings, slow".')] = None,
    dialogue: Annotated[Path | None, typer.Option(help="A script whose lines are spoken.")] = None,
    steps: Annotated[int | None, typer.Option(help="Sampling steps.")] = None,
    guidance: Annotated[float | None, typer.Option(help="How closely the words are followed; 1 is plainly.")] = None,
    pin_guidance: Annotated[float | None, typer.Option(help="The same of what is pinned.")] = None,
    track_guidance: Annotated[float | None, typer.Option(help="The same of moves, brush and motion.")] = None,
    quality: Annotated[str | None, typer.Option(help="fast, or best.")] = None,
    model: Annotated[str | None, typer.Option(help="What makes the picture.")] = None,
    codec: Annotated[str | None, typer.Option(help="h264, hevc, av1, vp9 or prores, where the format has it.")] = None,
    codec_quality: Annotated[int | None, typer.Option(help="On the codec's own scale, such as 16 for h264.")] = None,
    no_watermark: Annotated[bool, typer.Option("--no-watermark", help="Without the invisible mark.")] = False,
    no_manifest: Annotated[bool, typer.Option("--no-manifest", help="Without the signed note of its origin.")] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a long film that was stopped.")] = False,
    shot: Annotated[Path | None, typer.Option(help="A Shot as JSON, or a film made before: make it again.")] = None,
    again: Annotated[Path | None, typer.Option(help="A film made before, to be made again.")] = None,
    count: Annotated[int, typer.Option("--n", min=1, max=MAX_TAKES, help="How many takes, each of the next seed.")] = 1,
    plan: Annotated[bool, typer.Option("--plan", help="Say what it would take, and make nothing.")] = False,
    timing: Annotated[bool, typer.Option("--timing", help="Print how long each stage took.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of the path.")] = False,
    sheet: Annotated[Path | None, typer.Option(help="Also write a picture with frames side by side.")] = None,
) -> None:
    """Make a film, or a picture, from words."""
    from vitascope.shot import edit
    from vitascope.shot.media import PICTURE_SUFFIXES
    from vitascope.shot.timeline import parse_timeline

    if output is None:
        raise typer.BadParameter("name the file to write, such as -o ball.mp4", param_hint="--output")
    path = Path(output)
    is_picture = check_output(output, codec, codec_quality, count)
    if sheet is not None:
        check_file(sheet, PICTURE_SUFFIXES, "--sheet")
    given = {
        "text": prompt,
        "negative": negative,
        "size": None if size is None else read_size(size),
        "seconds": seconds,
        "fps": fps,
        "seed": seed,
        "steps": steps,
        "guidance": guidance,
        "pin_guidance": pin_guidance,
        "track_guidance": track_guidance,
        "quality": quality,
        "model": model,
    }
    given = {name: value for name, value in given.items() if value is not None}
    if again is not None and shot is not None:
        raise typer.BadParameter("--shot was given too; name one of the two", param_hint="--again")
    films = open_films(extend, before, retake, inpaint)
    check_films(films, mask, loop, seconds, path if is_picture else None)
    if resume and (films or loop):
        raise typer.BadParameter("a film that is joined to others is made as a whole", param_hint="--resume")
    if shot is again is None and (made_from := next((p.film.shot for p in films.values() if p.film.shot), None)):
        given.setdefault("text", made_from.text)
    wanted = build_shot(shot or again, given)
    if is_picture:
        wanted = wanted.with_(seconds=1 / wanted.fps)
    wanted = within(wanted, films, mask, loop)
    if timeline is not None:
        wanted = edit.timed(wanted, parse_timeline(timeline))
    wanted = with_pins(wanted, image, last, pin or [], reference or [])
    wanted = with_tracks(wanted, camera, brush or [], motion_from)
    wanted = beside(wanted, films, loop)
    if plan:
        _print_plan(wanted, as_json)
        return
    if sound or score is not None or dialogue is not None:
        if films or loop:
            message = "it is made for whole films; make the film first, then: vitascope sound"
            raise typer.BadParameter(message, param_hint="--sound")
        wanted = wanted.with_(sound=wanted_sound("", "", score, dialogue))
    takes = [wanted.with_(seed=wanted.seed + number) for number in range(count)]
    paths = [output if count == 1 else str(path.with_stem(f"{path.stem}-{take.seed}")) for take in takes]

    stages = Stages()
    clips = []
    with cancelled_by_interrupt() as cancel, stages.shown():
        from vitascope import generate
        from vitascope.finish.deliver import Delivery, deliver

        how = Delivery(codec, codec_quality, marked=not no_watermark, signed=not no_manifest)

        def make_one(take: "Shot") -> "Clip":
            return generate.make(take, progress=stages.report, cancel=cancel)

        for number, (take, name) in enumerate(zip(takes, paths, strict=True)):
            stages.begin(generate.shares(take), count - 1 - number)
            if not films and not loop:
                clips.append(
                    generate.make(*(take, name), progress=stages.report, cancel=cancel, delivery=how, resume=resume)
                )
            else:
                clips.append(join(make_one(take), films, loop, make_one))
                deliver(clips[-1], name, how, partial(stages.report, "write"), cancel)
        unknown = generate.unknown_words(wanted)
    _note_unknown(unknown)
    for note in dict.fromkeys(note for clip in clips for note in clip.notes):
        print(f"vitascope: note: {note}", file=sys.stderr)
    if count > 1 and sheet is None:
        sheet = path.with_suffix(".png").with_stem(f"{path.stem}-sheet")
    if sheet is not None:
        write_sheet(clips, sheet)
    if timing:
        for stage, took in stages.seconds.items():
            print(f"{stage:<12} {took:8.2f} s", file=sys.stderr)
        for stage, took in _busy(clips).items():
            print(f"  {stage:<10} {took:8.2f} s busy while writing", file=sys.stderr)
    for clip, name in zip(clips, paths, strict=True):
        if as_json:
            made = clip.shot or wanted
            told = {"path": name, "shot": json.loads(made.to_json()), "seconds": stages.seconds}
            print(json.dumps({**told, "busy": _busy([clip]), "unknown_words": unknown}))
        else:
            print(name)


@app.command("sound")
def sound_(
    film: Annotated[Path, typer.Argument(help="The film that gets a soundtrack.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The same film with it (.mp4, .mov, .mkv, .webm).")],
    prompt: Annotated[str, typer.Option(help='What is heard: "only footsteps, louder", "rain, tense strings".')] = "",
    negative: Annotated[str, typer.Option(help='What is not: "music, wind".')] = "",
    score: Annotated[str | None, typer.Option(help='Music as well, such as "tense strings, slow".')] = None,
    dialogue: Annotated[Path | None, typer.Option(help="A script whose lines are spoken.")] = None,
    takes: Annotated[int, typer.Option(min=1, max=MAX_TAKES, help="How many takes, each of the next seed.")] = 1,
    stems: Annotated[Path | None, typer.Option(help="A folder for each stem, the score (MIDI) and the cues.")] = None,
    cues: Annotated[
        Path | None, typer.Option(help="The cue sheet: read if the file is there, else written for you to edit.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="The same seed makes the same sound.")] = 0,
    loudness: Annotated[float, typer.Option(min=-40, max=-8, help="LUFS; broadcast wants -23.")] = -16.0,
    codec: Annotated[str | None, typer.Option(help="aac or opus.")] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Keep the film's own sound beside the new one.")] = False,
    timing: Annotated[bool, typer.Option("--timing", help="Print how long each stage took.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of the path.")] = False,
) -> None:
    """Make a soundtrack for any film: effects in time with what is seen, music, speech."""
    from vitascope.shot.cues import read_cues, write_cues
    from vitascope.shot.soundtrack import copies

    wanted = wanted_sound(prompt, negative, score, dialogue)
    stages = Stages()
    paths = [output if takes == 1 else output.with_stem(f"{output.stem}-{seed + n}") for n in range(takes)]
    with cancelled_by_interrupt() as cancel, stages.shown():
        from vitascope.finish.deliver import sign_sound
        from vitascope.sound import dub

        seen = dub.look(film, stages.report, cancel)
        if cues is not None and cues.exists():
            seen = replace(seen, cues=read_cues(cues))
        elif cues is not None:
            write_cues(cues, seen.cues)
        for number, path in enumerate(paths):
            made = dub.dub(
                *(film, path, wanted),
                spotted=seen,
                seed=seed + number,
                loudness=loudness,
                codec=codec,
                keep=keep,
                stems=None if stems is None else stems if takes == 1 else stems / path.stem,
                progress=stages.report,
                cancel=cancel,
            )
            sign_sound(path, film, made.stems, copies(film, path))
    for note in made.notes:
        print(f"vitascope: note: {note}", file=sys.stderr)
    if timing:
        for stage, took in stages.seconds.items():
            print(f"{stage:<12} {took:8.2f} s", file=sys.stderr)
    loud = made.mix.whole.loudness
    told = {"cues": len(made.cues), "stems": list(made.stems), "loudness": loud.integrated, "true_peak": loud.true_peak}
    for path in paths:
        print(json.dumps({"path": str(path), **told, "seconds": stages.seconds}) if as_json else path)


@app.command()
def verify(
    file: Annotated[Path, typer.Argument(help="A film or picture.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Say where a file comes from: its signed manifest, its watermark, and the Shot that made it."""
    from vitascope.finish import provenance

    report = provenance.verify(file)
    print(report.as_json() if as_json else "\n".join(report.lines()))


@app.command()
def world(
    output: Annotated[Path, typer.Option("--output", "-o", help="The folder to fill.")],
    seed: Annotated[int, typer.Option(help="The same seed makes the same footage.")] = 0,
    count: Annotated[int, typer.Option(min=1, help="How many takes.")] = 24,
    size: Annotated[str, typer.Option(help="WIDTHxHEIGHT.")] = "256x144",
    seconds: Annotated[float, typer.Option(help="Length of a take.")] = 2.0,
    level: Annotated[
        int, typer.Option(min=1, max=4, help="1: one thing; 2: many, vehicles, places; 3: people, animals; 4: all.")
    ] = 4,
    style: Annotated[str | None, typer.Option(help="One style for all, such as cartoon; by lot if left out.")] = None,
    scene: Annotated[Path | None, typer.Option(help="A scene as JSON to film, instead of drawing by lot.")] = None,
    overlay: Annotated[bool, typer.Option("--overlay", help="Draw tracks and captions over the films.")] = False,
) -> None:
    """Film the simulated world: takes with their Shots, scenes and tracks, and a contact sheet of them."""
    from vitascope.shot import Shot
    from vitascope.shot.media import write_picture
    from vitascope.shot.sheet import Stills, contact_sheet

    wanted = Shot.checked(text="footage", size=read_size(size), seconds=seconds)  # the same limits as for a film
    if wanted.size[0] % 2 or wanted.size[1] % 2:
        raise typer.BadParameter(f"{size} was given; films have even sides", param_hint="--size")
    from vitascope.world import footage
    from vitascope.world.overlay import Overlay
    from vitascope.world.scene import Scene, known_style

    how: dict[str, Any] = {"size": wanted.size, "seconds": wanted.seconds}
    if scene is not None:
        given = Scene.from_json(scene.read_text(encoding="utf-8", errors="replace"))
        given = given if style is None else given.with_(style=known_style(style))
        takes: Iterator[footage.Take] = (footage.take_of(given, seed, index, **how) for index in range(count))
    else:
        how["style"] = None if style is None else known_style(style)
        takes = islice(footage.footage(seed, level=level, **how), count)
    make_folder(output, "--output")
    shown: list[Any] = []
    captions: list[str] = []
    for take in takes:
        frames = take.clip.frames
        if overlay:
            frames = Overlay(frames, take.points, take.visible, take.captions[0])
        stills = Stills(frames, {round(k * (frames.num_frames - 1) / 5) for k in range(6)})
        footage.save(take, output, stills)
        if len(shown) < SHEET_TAKES:
            shown.append(stills.seen())
            captions.append(take.captions[0])
    sheet = output / f"sheet-{seed}.png"
    write_picture(sheet, contact_sheet(shown, captions))
    print(sheet)


@app.command()
def train(
    out: Annotated[Path, typer.Option(help="The folder of the run: weights, log, samples.")],
    preset: Annotated[str, typer.Option(help="Which network.")] = "small",
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the run's last state.")] = False,
    init: Annotated[Path | None, typer.Option(help="Weights to begin with.")] = None,
    max_seconds: Annotated[float | None, typer.Option(help="Stop after this long; --resume goes on.")] = None,
    steps: Annotated[
        int, typer.Option(help="Length of the run; the learning rate falls over its last quarter.")
    ] = 4000,
    batch: Annotated[int, typer.Option(help="Cost of a step, in groups of four frames.")] = 32,
    seed: Annotated[int, typer.Option(help="Of weights, footage and noise.")] = 0,
    device: Annotated[str, typer.Option(help="cpu, cuda, or auto: a GPU where there is one.")] = "auto",
    workers: Annotated[int, typer.Option(min=0, max=256, help="Processes that render the world.")] = 1,
    level: Annotated[int, typer.Option(min=1, max=4, help="How much of the world takes part.")] = 1,
    pictures: Annotated[Path | None, typer.Option(help="A folder of pictures for a share of the clips.")] = None,
    picture_share: Annotated[float, typer.Option(min=0, max=1, help="That share.")] = 0.1,
    pool: Annotated[Path | None, typer.Option(help="Motions that vitascope.train.pool has simulated.")] = None,
) -> None:
    """Train a network on footage of the simulated world."""
    make_folder(out, "--out")
    from vitascope.train import loop
    from vitascope.train.stream import Source

    source = Source(
        level=level, pictures=str(pictures or ""), picture_share=picture_share, pool="" if pool is None else str(pool)
    )

    loop.train(
        loop.Options(
            preset=preset,
            out=out,
            resume=resume,
            init=init,
            max_seconds=max_seconds,
            steps=steps,
            batch=batch,
            seed=seed,
            device=device,
            workers=workers,
            source=source,
        )
    )
    print(out)


@app.command()
def evaluate(
    out: Annotated[Path, typer.Option(help="The folder for the report: report.json, index.html and its clips.")],
    suite: Annotated[
        str | None, typer.Option(help='Which suites, such as "adherence,camera"; all if left out.')
    ] = None,
    weights: Annotated[Path | None, typer.Option(help="Weights to judge; the shipped ones if left out.")] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Fewer films: minutes, and wider intervals.")] = False,
    quality: Annotated[str, typer.Option(help="best, or fast: few steps.")] = "best",
) -> None:
    """Measure whether films show what was asked for."""
    make_folder(out, "--out")
    from rich.console import Console

    from vitascope.evaluate import suites

    console = Console(stderr=True)
    report = suites.evaluate(
        suites.chosen(suite),
        out,
        weights=weights,
        quick=quick,
        quality=suites.known_quality(quality),
        told=lambda name: console.print(f"{name} …"),
    )
    Console().print(suites.table(report))
    print(out / "index.html")


Home = Annotated[Path | None, typer.Option(help="The folder of all data (the platform's user data folder).")]
Store = Annotated[str | None, typer.Option(help="The queue's database, such as postgresql+psycopg://… (SQLite).")]
MediaUrl = Annotated[str | None, typer.Option("--media", help="Where files are kept: a folder, or s3://….")]
Served = Annotated[str | None, typer.Option("--model", help="What makes that which names no model of ours (small).")]
Days = Annotated[float | None, typer.Option("--expire-days", min=0.001, help="Days that files are kept (30).")]
Lease = Annotated[float | None, typer.Option(min=1, help="Seconds of silence after which a worker's job is lost (30).")]
Hang = Annotated[float | None, typer.Option(min=10, help="Seconds without progress that are a hang (600).")]
HookUrl = Annotated[str | None, typer.Option("--webhook-url", help="Where OpenAI's events are sent.")]
HookSecret = Annotated[str | None, typer.Option("--webhook-secret", help="What they are signed with.")]
Level = Annotated[str, typer.Option("--log", help="DEBUG, INFO, WARNING or ERROR.")]


@app.command(epilog="Each option but the first three can be set as an environment variable: VITASCOPE_STORE, ….")
def serve(
    host: Annotated[
        str, typer.Option(help="The address to listen on; beyond loopback there must be a key.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port.")] = 8000,
    workers: Annotated[int, typer.Option(min=0, max=64, help="Processes on this machine that make what is asked.")] = 1,
    home: Home = None,
    store: Store = None,
    media: MediaUrl = None,
    public_url: Annotated[str | None, typer.Option(help="The URL at which clients reach the server.")] = None,
    model: Served = None,
    tier: Annotated[str | None, typer.Option(help="Of the first key: free, usual or first.")] = None,
    expire_days: Days = None,
    allow_private: Annotated[
        bool | None, typer.Option("--allow-private", help="Fetch from, and call back, private addresses too.")
    ] = None,
    max_body: Annotated[int | None, typer.Option(min=1024, help="Bytes of a request, at most.")] = None,
    lease: Lease = None,
    hang: Hang = None,
    webhook_url: HookUrl = None,
    webhook_secret: HookSecret = None,
    log: Level = "INFO",
) -> None:
    """Answer as OpenAI (Sora), Runway, Luma, Google (Veo) and Kling do, and by a protocol of our own."""
    given = {name: value for name, value in locals().items() if name not in ("host", "port", "workers", "log")}
    from vitascope.serve import run
    from vitascope.serve.settings import Settings

    run.serve(Settings.of(**given), host, port, workers, log)


@app.command()
def worker(
    home: Home = None,
    store: Store = None,
    media: MediaUrl = None,
    model: Served = None,
    expire_days: Days = None,
    lease: Lease = None,
    hang: Hang = None,
    webhook_url: HookUrl = None,
    webhook_secret: HookSecret = None,
    log: Level = "INFO",
) -> None:
    """Make what a server has been asked, on this machine or any that reaches its database and files."""
    given = {name: value for name, value in locals().items() if name != "log"}
    from vitascope.serve import run
    from vitascope.serve.settings import Settings

    run.work(Settings.of(**given), log)


keys = typer.Typer(help="Make, list and revoke the keys of a server.", no_args_is_help=True)
app.add_typer(keys, name="keys")


@keys.command("create")
def keys_create(
    name: Annotated[str, typer.Argument(help="Whose key it is.")] = "",
    tier: Annotated[str | None, typer.Option(help="What it may ask for: free, usual or first.")] = None,
    home: Home = None,
    store: Store = None,
) -> None:
    """Make a key; it is printed, and never told again."""
    from vitascope.serve.database import Database
    from vitascope.serve.keys import Keys
    from vitascope.serve.settings import Settings

    settings = Settings.of(home=home, store=store, tier=tier)
    print(Keys(Database(settings.store)).create(name, settings.tier)[0])


@keys.command("list")
def keys_list(home: Home = None, store: Store = None) -> None:
    """Show all keys, each by its id and last four characters."""
    from datetime import UTC, datetime

    from vitascope.serve.database import Database
    from vitascope.serve.keys import Keys
    from vitascope.serve.settings import Settings

    for key in Keys(Database(Settings.of(home=home, store=store).store)).list():
        made = datetime.fromtimestamp(key.created, UTC).strftime("%Y-%m-%d %H:%M")
        print(f"{key.id}  …{key.hint}  {key.tier.name:<6} {made}  {'revoked ' if key.revoked else ''}{key.name}")


@keys.command("revoke")
def keys_revoke(
    key: Annotated[str, typer.Argument(help="The key, or its id.")], home: Home = None, store: Store = None
) -> None:
    """Refuse a key from now on."""
    from vitascope.serve.database import Database
    from vitascope.serve.keys import Keys
    from vitascope.serve.settings import Settings

    if not Keys(Database(Settings.of(home=home, store=store).store)).revoke(key):
        raise typer.BadParameter("there is no such key that is not revoked already", param_hint="KEY")


@app.command()
def schema() -> None:
    """Print the JSON schema of a Shot."""
    from vitascope.shot import Shot

    print(json.dumps(Shot.model_json_schema(), indent=2))


def _note_unknown(words: dict[str, str]) -> None:
    """Says which words the model does not know, where any: it makes something of them all the same."""
    if words:
        taken = ", ".join(f"{word} (nearest that it knows: {nearest})" for word, nearest in words.items())
        print(f"vitascope: note: the model has never read {taken}", file=sys.stderr)


def _print_plan(shot: "Shot", as_json: bool) -> None:
    from dataclasses import asdict

    from vitascope import generate

    made = generate.plan(shot)
    if as_json:
        print(json.dumps(asdict(made)))
        return
    if not made.calls:
        print(f"frames      {shot.size[0]}x{shot.size[1]}: the pinned picture in motion, without the network")
        return
    windows = "one window" if made.windows == 1 else f"{made.windows} windows"
    free = "" if made.free is None else f"; {made.free / 1e6:.0f} MB are free"
    print(f"frames      made at {made.size[0]}x{made.size[1]} in {windows}")
    parameters = f"{made.parameters / 1e6:.1f} M parameters"
    print(f"tokens      {made.tokens} at most in each of {made.calls} calls of {parameters}")
    print(f"memory      {made.memory / 1e6:.0f} MB at most, beside the program's own{free}")
    print(f"sampling    {made.seconds:.1f} s on this machine as it is now")


def _busy(clips: "list[Clip]") -> dict[str, float]:
    """How long the stages of writing were busy side by side, in seconds."""
    total: dict[str, float] = {}
    for clip in clips:
        for stage, took in getattr(getattr(clip.frames, "watch", None), "seconds", {}).items():
            total[stage] = round(total.get(stage, 0.0) + took, 3)
    return total


if __name__ == "__main__":
    app()
