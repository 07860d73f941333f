"""Films in every format come back as they were written; what cannot be written is refused and leaves nothing."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from vitascope.shot import Clip, Shot, encoders
from vitascope.shot.media import (
    FILM_SUFFIXES,
    FilmLimits,
    MediaError,
    check_film,
    is_picture,
    probe,
    read_film,
    read_picture,
    read_shot,
    read_sound,
    write_film,
    write_picture,
)

SHOT = Shot(text='a "red" ball & <two>;\n# = \\ ü 🎈')
STREAMS = [(suffix, codec) for suffix, container in encoders.CONTAINERS.items() for codec in container.codecs]
NAMES = [f"film{suffix}" for suffix in FILM_SUFFIXES] + ["frames/", "frames/shot-%03d.png"]


def moving(num: int = 6, width: int = 64, height: int = 48) -> NDArray[np.uint8]:
    """A smooth coloured pattern that moves [T, H, W, 3]."""
    t, y, x = np.meshgrid(np.arange(num), np.arange(height), np.arange(width), indexing="ij")
    waves = [np.sin((x + 2 * t) / 9), np.cos((y - t) / 7), np.sin((x + y) / 15 + t / 5)]
    return (127 + 100 * np.stack(waves, -1)).astype(np.uint8)


def read(path: Path | str) -> NDArray[np.uint8]:
    return np.stack(list(read_film(path)))


@pytest.mark.parametrize(("suffix", "codec"), STREAMS)
def test_every_codec_of_every_container_gives_back_picture_sound_and_shot(
    tmp_path: Path, suffix: str, codec: str
) -> None:
    import av

    sound = np.zeros((24_000, 2), np.float32)
    sound[12_000:12_600] = (0.5 * np.sin(np.arange(600) / 8))[:, None]
    frames, path = moving(), tmp_path / f"film{suffix}"
    write_film(path, iter(frames), 12, SHOT, sound, codec=codec)
    assert np.abs(read(path).astype(int) - frames).mean() < 3
    assert read_shot(path) == SHOT
    loudness = np.abs(read_sound(path)).max(1)
    assert abs(int(np.argmax(loudness > 0.1)) - 12_000) < 240  # 5 ms
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        picture = next(container.decode(stream))
        tagged = (picture.colorspace, picture.color_primaries, picture.color_trc, picture.color_range)
        names = {"h264": "h264", "hevc": "hevc", "av1": "libdav1d", "vp9": "vp9", "prores": "prores"}
        assert stream.codec_context.name == names[codec]
        assert (picture.format.name, *tagged) == ("yuv422p10le" if codec == "prores" else "yuv420p", 1, 1, 1, 1)
        if suffix in (".mp4", ".mov"):
            assert (
                stream.codec_context.codec_tag
                == {
                    "h264": "avc1",
                    "hevc": "hvc1",
                    "av1": "av01",
                    "prores": "apch",
                }[codec]
            )


@pytest.mark.parametrize(
    ("name", "codec"), [("a.mp4", "hevc"), ("a.mp4", "av1"), ("a.webm", "vp9"), ("a.mov", "prores")]
)
def test_colours_stay_beside_their_pixels(tmp_path: Path, name: str, codec: str) -> None:
    x = np.arange(128) / 16 * 2 * np.pi
    stripes = 127 + 80 * np.stack([np.sin(x), np.sin(x + 2), np.sin(x + 4)], -1)  # W 3
    frames = np.tile(stripes.astype(np.uint8), (2, 64, 1, 1))  # T H W 3
    write_film(tmp_path / name, frames, 12, codec=codec, quality=1)
    assert np.abs(read(tmp_path / name).astype(int) - frames).mean() < 2  # half a pixel aside: 10


@pytest.mark.parametrize("codec", ["h264", "hevc", "av1"])
def test_films_of_very_few_frames(tmp_path: Path, codec: str) -> None:
    for count in (1, 2, 3):
        for _ in range(5):  # x265 failed by chance
            write_film(tmp_path / "film.mp4", moving(count), 12, codec=codec)
        assert probe(tmp_path / "film.mp4").num_frames == count


@pytest.mark.parametrize("name", ["film.mkv", "film.webm"])
def test_films_that_do_not_count_their_frames_are_still_missed_when_they_end_early(tmp_path: Path, name: str) -> None:
    frames = np.random.default_rng(0).integers(0, 256, (30, 48, 64, 3), dtype=np.uint8)
    write_film(tmp_path / name, frames, 12)
    data = (tmp_path / name).read_bytes()
    assert len(list(read_film(data))) == 30
    with pytest.raises(MediaError, match=r"ends after \d.\d\d of its 2\.50 s|Invalid data"):
        list(read_film(data[: len(data) // 2]))


@pytest.mark.parametrize("suffix", [".mp4", ".mov"])
def test_the_index_lies_before_the_pictures(tmp_path: Path, suffix: str) -> None:
    write_film(tmp_path / f"film{suffix}", moving(), 12, SHOT)
    data = (tmp_path / f"film{suffix}").read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")


@pytest.mark.parametrize("fps", [12, 23.976, 24000 / 1001, 29.97, 60])
@pytest.mark.parametrize("name", ["film.mp4", "film.mov", "film.mkv", "film.webm", "frames/"])
def test_rates_are_exact_and_every_picture_has_its_moment(tmp_path: Path, name: str, fps: float) -> None:
    import av

    path = tmp_path / name
    write_film(f"{tmp_path}/{name}", moving(7, 32, 32), fps)
    info = probe(path)
    assert info.fps == pytest.approx(fps, abs=1e-5)
    assert (info.num_frames, info.size, info.has_sound) == (7, (32, 32), False)
    if path.suffix:
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            base = stream.time_base
            assert base is not None
            moments = sorted(float(packet.pts * base) for packet in container.demux(stream) if packet.pts is not None)
        rounding = 0 if path.suffix in (".mp4", ".mov") else 0.0005  # Matroska counts thousandths of a second
        assert np.abs(np.array(moments) - np.arange(7) / info.fps).max() <= rounding + 1e-9


@pytest.mark.parametrize("name", ["film.gif", "film.webp"])
def test_animations_keep_step_with_the_clock(tmp_path: Path, name: str) -> None:
    for fps in (5, 12, 25, 30):
        write_film(tmp_path / name, moving(31, 16, 16), fps)
        info = probe(tmp_path / name)
        assert (info.fps, info.num_frames, info.size) == (fps, 31, (16, 16))


def test_a_gif_leaves_out_frames_that_come_too_fast_for_players(tmp_path: Path) -> None:
    write_film(tmp_path / "film.gif", moving(61, 16, 16), 60)
    info = probe(tmp_path / "film.gif")
    assert info.num_frames == len(read(tmp_path / "film.gif")) == 41
    assert info.fps == pytest.approx(40, abs=0.5)  # two of three
    with Image.open(tmp_path / "film.gif") as image:
        lengths = []
        for number in range(41):
            image.seek(number)
            lengths.append(image.info["duration"])
    assert min(lengths) >= 20
    assert sum(lengths[:-1]) == 1000


@pytest.mark.parametrize(("name", "near"), [("film.gif", 8), ("film.webp", 4), ("frames/%d.png", 0)])
def test_animations_look_like_the_film_and_carry_the_shot(tmp_path: Path, name: str, near: float) -> None:
    frames, path = moving(6, 63, 47), tmp_path / name  # odd sizes are allowed
    write_film(path, iter(frames), 12, SHOT)
    assert not is_picture(path)
    found = read(path)
    assert found.shape == frames.shape
    assert np.abs(found.astype(int) - frames).mean() <= near
    assert read_shot(path) == SHOT
    write_film(path, frames, 12)
    assert read_shot(path) is None


def test_a_gif_of_few_colours_has_exactly_those(tmp_path: Path) -> None:
    colours = np.random.default_rng(0).integers(0, 256, (4, 8, 8, 3), dtype=np.uint8)[..., :1, :] // 64 * 64
    frames = np.repeat(colours, 8, axis=2)  # T H W 3
    write_film(tmp_path / "film.gif", frames, 10)
    assert (read(tmp_path / "film.gif") == frames).all()


def test_a_gif_mixes_its_colours_where_it_lacks_them(tmp_path: Path) -> None:
    frames = moving(4, 96, 96)
    write_film(tmp_path / "film.gif", frames, 10)
    off = read(tmp_path / "film.gif").astype(float) - frames
    near = off.reshape(4, 12, 8, 12, 8, 3).mean((2, 4))  # what is seen from afar
    assert np.abs(near).mean() < 0.4 * np.abs(off).mean()


def test_a_gif_is_written_from_the_disk_when_memory_is_short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_film(tmp_path / "a.gif", moving(), 12, SHOT)
    monkeypatch.setattr("vitascope.shot.animation._SPOOL_BYTES", 1000)
    write_film(tmp_path / "b.gif", moving(), 12, SHOT)
    assert (tmp_path / "a.gif").read_bytes() == (tmp_path / "b.gif").read_bytes()
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("name", ["film.webp", "film.gif"])
def test_animations_that_end_early_are_refused(tmp_path: Path, name: str) -> None:
    write_film(tmp_path / name, moving(), 12, SHOT)
    data = (tmp_path / name).read_bytes()
    for share in (0.3, 0.7, 0.99):
        with pytest.raises(MediaError, match="bytes"):
            probe(data[: int(share * len(data))])


def test_animations_beyond_the_limits_are_refused(tmp_path: Path) -> None:
    for name in ("film.gif", "film.webp", "frames/"):
        write_film(f"{tmp_path}/{name}", moving(5), 12)
        assert len(list(read_film(tmp_path / name))) == 5
        for limits, words in ((FilmLimits(frames=4), "4"), (FilmLimits(pixels=1000), "0.001 megapixels")):
            with pytest.raises(MediaError, match=words):
                list(read_film(tmp_path / name, limits))


def test_a_single_frame_is_a_film_in_every_format(tmp_path: Path) -> None:
    for name in NAMES[:-1]:
        write_film(f"{tmp_path}/{name}", moving(1), 12, SHOT)
        assert np.abs(read(tmp_path / name).astype(int) - moving(1)).mean() < 9
        assert read_shot(tmp_path / name) == SHOT


def test_a_picture_as_webp_carries_its_shot(tmp_path: Path) -> None:
    write_picture(tmp_path / "picture.webp", moving(1)[0], SHOT)
    assert is_picture(tmp_path / "picture.webp")
    assert read_shot(tmp_path / "picture.webp") == SHOT


def test_clips_are_saved_and_opened_in_every_format(tmp_path: Path) -> None:
    clip = Clip.from_array(moving(), 12, SHOT)
    for name in NAMES[:-1]:
        clip.save(f"{tmp_path}/{name}")
        again = Clip.open(tmp_path / name)
        assert (again.num_frames, again.size, again.fps, again.shot) == (6, (64, 48), 12, SHOT)
    clip.save(tmp_path / "film.mp4", codec="av1", quality=60)
    small = (tmp_path / "film.mp4").stat().st_size
    clip.save(tmp_path / "film.mp4", codec="av1", quality=5)
    assert small < (tmp_path / "film.mp4").stat().st_size
    with pytest.raises(MediaError, match="no codec or quality"):
        Clip.from_array(moving(1), 12).save(tmp_path / "frame.png", quality=3)


# --- folders of frames ------------------------------------------------------------------------------------------------


def test_frames_are_numbered_from_one_in_a_folder_of_their_own(tmp_path: Path) -> None:
    frames = moving(12)
    write_film(tmp_path / "frames" / "shot-%03d.png", frames[:5], 12)
    assert sorted(path.name for path in (tmp_path / "frames").iterdir())[-1] == "shot-005.png"
    write_film(tmp_path / "frames" / "shot-%03d.png", frames, 12)  # its own it may replace
    assert (read(tmp_path / "frames" / "shot-%03d.png") == frames).all()
    assert (read_picture(tmp_path / "frames" / "shot-012.png") == frames[11]).all()
    assert [path.name for path in tmp_path.iterdir()] == ["frames"]


def test_a_folder_that_holds_other_things_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "frames").mkdir()
    (tmp_path / "frames" / "notes.txt").write_text("mine")

    def never() -> Iterator[NDArray[np.uint8]]:
        raise AssertionError("a frame was asked for before the folder was looked at")
        yield

    for path in (f"{tmp_path}/frames/", tmp_path / "frames" / "%05d.png"):
        with pytest.raises(MediaError, match=r"frames' ?: it also holds 'notes\.txt'"):
            write_film(path, never(), 12)
    with pytest.raises(MediaError, match="there is a file of that name"):
        write_film(tmp_path / "frames" / "notes.txt" / "%d.png", never(), 12)
    assert (tmp_path / "frames" / "notes.txt").read_text() == "mine"


def test_a_folder_that_lacks_a_frame_is_refused_by_its_name(tmp_path: Path) -> None:
    write_film(tmp_path / "frames" / "%05d.png", moving(), 12)
    (tmp_path / "frames" / "00003.png").unlink()
    with pytest.raises(MediaError, match=r"lacks '00003\.png'"):
        list(read_film(tmp_path / "frames"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(MediaError, match="holds no frames"):
        probe(tmp_path / "empty")


# --- what is refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("error", [RuntimeError("stop"), KeyboardInterrupt()])
def test_a_stopped_write_leaves_nothing_and_keeps_what_was_there(
    tmp_path: Path, name: str, error: BaseException
) -> None:
    def failing() -> Iterator[NDArray[np.uint8]]:
        yield from moving(3)
        raise error

    path = f"{tmp_path}/{name}"
    write_film(path, moving(2), 12)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    with pytest.raises(type(error)):
        write_film(path, failing(), 12)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
    assert not list(tmp_path.glob(".*"))


@pytest.mark.parametrize("name", NAMES)
def test_a_disk_that_fills_up_is_said_so_and_nothing_is_left(tmp_path: Path, name: str) -> None:
    resource = pytest.importorskip("resource")
    noise = np.random.default_rng(0).integers(0, 256, (12, 64, 64, 3), dtype=np.uint8)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8_000, limits[1]))  # Python ignores the signal, so that writing fails
    try:
        with pytest.raises(MediaError, match=r"cannot write .*: File too large"):
            write_film(f"{tmp_path}/{name}", noise, 12, SHOT)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("name", "codec", "quality", "words"),
    [
        ("film.avi", None, None, r"'film\.avi': the name should end in one of \.mp4, \.mov, \.mkv, \.webm, \.gif"),
        ("film.webm", "h264", None, r"as 'h264': a \.webm film holds vp9, av1"),
        ("film.mp4", "h263", None, r"as 'h263': a \.mp4 film holds h264, hevc, av1"),
        ("film.webm", "h264_nvenc", None, r"a \.webm film holds vp9, av1"),
        ("film.mp4", None, 52, r"quality of h264 should be 0 \(the best\) to 51, but was 52"),
        ("film.mov", None, 0, r"quality of prores should be 1 \(the best\) to 31"),
        ("film.webp", None, 101, r"quality of webp should be 100 \(the best\) to 0"),
        ("film.gif", "h264", None, "it holds gif"),
        ("film.gif", None, 3, "gif has none to be set"),
        ("frames/%d.png", "h264", None, "it holds png"),
    ],
)
def test_what_cannot_go_together_is_refused_with_what_can(
    tmp_path: Path, name: str, codec: str | None, quality: int | None, words: str
) -> None:
    for attempt in (
        lambda: check_film(tmp_path / name, codec, quality),
        lambda: write_film(tmp_path / name, moving(), 12, codec=codec, quality=quality),
    ):
        with pytest.raises(MediaError, match=words) as refused:
            attempt()
        assert "\n" not in str(refused.value)
    assert not list(tmp_path.iterdir())


def test_only_sizes_that_share_colours_must_be_even(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="63x47; the nearest is 64x48"):
        write_film(tmp_path / "film.webm", moving(2, 63, 47), 12)
    with pytest.raises(MediaError, match="width should be even, but were 63x47; the nearest is 64x47"):
        write_film(tmp_path / "film.mov", moving(2, 63, 47), 12)
    write_film(tmp_path / "film.mov", moving(2, 64, 47), 12)
    assert probe(tmp_path / "film.mov").size == (64, 47)


def test_an_encoder_that_is_not_here_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoders, "problem_of", lambda name: "this build of FFmpeg lacks it")
    with pytest.raises(MediaError, match=r"no encoder for hevc here \(libx265: this build of FFmpeg lacks it\)"):
        write_film(tmp_path / "film.mp4", moving(), 12, codec="hevc")
    with pytest.raises(MediaError, match="h264_nvenc does not work here"):
        write_film(tmp_path / "film.mp4", moving(), 12, codec="h264_nvenc")


def test_a_build_without_the_sounds_encoder_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(encoders.CODECS, "vp9", replace(encoders.CODECS["vp9"], sound="no_such_sound"))
    monkeypatch.setitem(encoders._SAMPLES, "no_such_sound", "fltp")
    with pytest.raises(MediaError, match="no encoder no_such_sound"):
        write_film(tmp_path / "film.webm", moving(), 12, sound=np.zeros((100, 2), np.float32))
    assert not list(tmp_path.iterdir())


# --- hardware ---------------------------------------------------------------------------------------------------------


def test_hardware_is_taken_only_when_asked_for_and_working(monkeypatch: pytest.MonkeyPatch) -> None:
    working = {"h264_qsv", "libx264", "libx265"}
    monkeypatch.setattr(encoders, "problem_of", lambda name: None if name in working else "not here")
    path = Path("film.mp4")

    def chosen(codec: str) -> str:
        return encoders.choose(path, codec, None).encoder.name

    monkeypatch.delenv(encoders.PLACE, raising=False)
    assert chosen("h264") == "libx264"
    assert chosen("h264_qsv") == "h264_qsv"
    monkeypatch.setenv(encoders.PLACE, "hardware")
    assert chosen("h264") == "h264_qsv"
    assert chosen("hevc") == "libx265"
    monkeypatch.setenv(encoders.PLACE, "gpu")
    with pytest.raises(MediaError, match="VITASCOPE_ENCODER should be software or hardware, but was 'gpu'"):
        chosen("h264")


def test_films_are_written_whatever_hardware_there_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(encoders.PLACE, "hardware")
    write_film(tmp_path / "film.mp4", moving(4, 320, 240), 12)
    assert probe(tmp_path / "film.mp4").num_frames == 4


def test_large_frames_are_encoded_at_a_faster_preset() -> None:
    choice = encoders.choose(Path("film.mp4"), None, None)
    assert choice.options((1280, 720))["preset"] == "fast"
    assert choice.options((1920, 1080))["preset"] == "veryfast"
