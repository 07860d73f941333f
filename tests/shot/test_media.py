"""Media files come back as they were written, bad ones are refused by name, and nothing is ever left half written."""

import io
import os
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from vitascope.shot.media import (
    FilmLimits,
    MediaError,
    MediaStore,
    mask_media,
    probe,
    read_film,
    read_mask,
    read_picture,
    read_shot,
    read_sound,
    write_film,
    write_picture,
)
from vitascope.shot.shot import Media, Pin, Shot
from vitascope.shot.store import data_of


def moving(num: int = 10, width: int = 64, height: int = 48) -> NDArray[np.uint8]:
    """A smooth coloured pattern that moves [T, H, W, 3]."""
    t, y, x = np.meshgrid(np.arange(num), np.arange(height), np.arange(width), indexing="ij")
    waves = [np.sin((x + 2 * t) / 9), np.cos((y - t) / 7), np.sin((x + y) / 15 + t / 5)]
    return (127 + 100 * np.stack(waves, -1)).astype(np.uint8)


def test_a_films_frames_come_back_within_a_few_grey_levels(tmp_path: Path) -> None:
    frames = moving()
    write_film(tmp_path / "film.mp4", frames, 12)
    again = np.stack(list(read_film(tmp_path / "film.mp4")))
    assert again.shape == frames.shape
    assert np.abs(again.astype(int) - frames).mean() < 3


def test_plain_colours_keep_their_place(tmp_path: Path) -> None:
    colours = np.array([(200, 30, 40), (20, 130, 240), (255, 255, 255), (0, 0, 0)], np.uint8)
    write_film(tmp_path / "film.mp4", np.tile(colours[:, None, None], (1, 32, 32, 1)), 12)
    for colour, frame in zip(colours, read_film(tmp_path / "film.mp4"), strict=True):
        assert np.abs(frame.astype(int) - colour).max() <= 3


@pytest.mark.parametrize("fps", [1, 12, 24000 / 1001, 25, 29.97, 60])
def test_rates_and_lengths_come_back_exactly(tmp_path: Path, fps: float) -> None:
    write_film(tmp_path / "film.mp4", moving(5), fps)
    info = probe(tmp_path / "film.mp4")
    assert info.fps == pytest.approx(fps, abs=1e-6)
    assert (info.num_frames, info.size, info.has_sound) == (5, (64, 48), False)


def test_equal_input_gives_equal_bytes(tmp_path: Path) -> None:
    found = []
    for number in range(12):
        path = tmp_path / f"{number}.mp4"
        write_film(path, iter(moving()), 12, Shot(text="a"), np.zeros((40_000, 2), np.float32))
        found.append(path.read_bytes())
    assert found.count(found[0]) == 12


@pytest.mark.parametrize("name", ["made.mp4", "made.png"])
def test_the_shot_inside_is_identical_even_with_large_media(tmp_path: Path, name: str) -> None:
    picture = Media.of(np.random.default_rng(0).bytes(300_000))
    shot = Shot.checked(text="«red»;\n# = \\ ü 🎈", pins=[Pin(media=picture)])
    if name == "made.mp4":
        write_film(tmp_path / name, moving(2), 12, shot)
    else:
        write_picture(tmp_path / name, moving(1)[0], shot)
    assert read_shot(tmp_path / name) == shot


def test_a_huge_shot_travels_with_its_media_by_name(tmp_path: Path) -> None:
    picture = Media.of(bytes(13 * 2**20))
    write_film(tmp_path / "film.mp4", moving(2), 12, Shot.checked(text="a", pins=[Pin(media=picture)]))
    shot = read_shot(tmp_path / "film.mp4")
    assert shot is not None
    assert shot.pins[0].media == picture.without_data()


def test_files_of_others_carry_no_shot(tmp_path: Path) -> None:
    write_film(tmp_path / "film.mp4", moving(2), 12)
    write_picture(tmp_path / "picture.jpg", moving(1)[0], Shot(text="a"))
    assert read_shot(tmp_path / "film.mp4") is None
    assert read_shot(tmp_path / "picture.jpg") is None


def test_sound_comes_back_in_step_with_the_picture(tmp_path: Path) -> None:
    sound = np.zeros((48_000, 2), np.float32)
    sound[24_000:24_600] = (0.5 * np.sin(np.arange(600) / 8))[:, None]
    write_film(tmp_path / "film.mp4", moving(12), 12, sound=sound)
    loudness = np.abs(read_sound(tmp_path / "film.mp4")).max(1)
    assert abs(int(np.argmax(loudness > 0.1)) - 24_000) < 240  # 5 ms


def test_odd_sizes_are_refused_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match=r"63x47; the nearest is 64x48"):
        write_film(tmp_path / "film.mp4", moving(2, 63, 47), 12)


@pytest.mark.parametrize("error", [RuntimeError("stop"), KeyboardInterrupt()])
def test_a_failed_write_leaves_nothing_and_keeps_what_was_there(tmp_path: Path, error: BaseException) -> None:
    def failing() -> Iterator[NDArray[np.uint8]]:
        yield from moving(3)
        raise error

    (tmp_path / "film.mp4").write_bytes(b"before")
    with pytest.raises(type(error)):
        write_film(tmp_path / "film.mp4", failing(), 12)
    assert [path.name for path in tmp_path.iterdir()] == ["film.mp4"]
    assert (tmp_path / "film.mp4").read_bytes() == b"before"


def test_frames_that_change_their_size_are_refused_and_leave_nothing(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="like the first"):
        write_film(tmp_path / "film.mp4", iter([*moving(2), *moving(1, 32, 32)]), 12)
    assert not list(tmp_path.iterdir())


def test_no_frames_are_no_film(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="at least one frame"):
        write_film(tmp_path / "film.mp4", [], 12)


def test_a_folder_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="nowhere"):
        write_film(tmp_path / "nowhere" / "film.mp4", moving(2), 12)
    with pytest.raises(MediaError, match="nowhere"):
        write_picture(tmp_path / "nowhere" / "picture.png", moving(1)[0])


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "locked").mkdir(mode=0o500)
    with pytest.raises(MediaError, match="locked"):
        write_film(tmp_path / "locked" / "film.mp4", moving(2), 12)


def test_truncated_films_are_refused(tmp_path: Path) -> None:
    write_film(tmp_path / "film.mp4", moving(30), 12)
    data = (tmp_path / "film.mp4").read_bytes()
    for share in (0, 0.01, 0.5, 0.8):
        with pytest.raises(MediaError, match="bytes"):
            list(read_film(data[: int(share * len(data))]))


def test_films_beyond_the_limits_are_refused_with_the_limit(tmp_path: Path) -> None:
    write_film(tmp_path / "film.mp4", moving(10), 5)
    for limits, words in (
        (FilmLimits(frames=9), "at most 9"),
        (FilmLimits(seconds=1), "at most 1 s"),
        (FilmLimits(pixels=1000), "0.001 megapixels"),
    ):
        with pytest.raises(MediaError, match=words):
            list(read_film(tmp_path / "film.mp4", limits))


def changed(data: bytes, box: bytes, offset: int, value: int) -> bytes:
    """An mp4 with one number of a box's content overwritten."""
    place = data.index(box, data.index(b"moov")) + 4 + offset
    return data[:place] + struct.pack(">I", value) + data[place + 4 :]


def test_films_that_lie_about_their_frames_are_refused(tmp_path: Path) -> None:
    write_film(tmp_path / "film.mp4", moving(30), 12)
    data = (tmp_path / "film.mp4").read_bytes()
    assert len(list(read_film(changed(data, b"stts", 8, 30)))) == 30  # what is changed here is the number of frames
    for lying, words in (
        (changed(data, b"stts", 8, 3000), "ends after 30 of its 3000 frames"),
        (changed(data, b"stts", 8, 10), "more than the 10 frames"),
        (changed(data, b"stts", 8, 2_000_000), "2000000 frames; at most 14400"),
        (changed(data, b"stsz", 8, 10), "ends after 10 of its 30 frames"),
        (changed(data, b"stsz", 8, 2**31), "Invalid data"),
    ):
        with pytest.raises(MediaError, match=words):
            list(read_film(lying))


def stream(num: int, width: int, height: int) -> bytes:
    """A film as a transport stream, which may say a new size at any frame."""
    import av

    file = io.BytesIO()
    with av.open(file, "w", format="mpegts") as container:
        video = container.add_stream("libx264", rate=12)
        video.width, video.height, video.pix_fmt = width, height, "yuv420p"
        for frame in moving(num, width, height):
            container.mux(video.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(video.encode())
    return file.getvalue()


def test_films_that_lie_about_their_size_are_refused_before_large_frames_are_unpacked() -> None:
    assert len(list(read_film(stream(4, 64, 48)))) == 4
    lying = stream(4, 64, 48) + stream(4, 640, 480)
    with pytest.raises(MediaError, match="changes its size at frame 5"):
        list(read_film(lying))
    with pytest.raises(MediaError, match="Invalid data"):
        list(read_film(lying, FilmLimits(pixels=64 * 48)))


def test_sound_is_never_read_beyond_its_limit(tmp_path: Path) -> None:
    write_film(tmp_path / "film.mp4", moving(24), 12, sound=np.zeros((96_000, 2), np.float32))
    with pytest.raises(MediaError, match="longer than the allowed 1 s"):
        read_sound(tmp_path / "film.mp4", seconds=1)


def test_masks_mark_what_is_light_or_painted_at_all() -> None:
    marked = np.zeros((6, 8), bool)
    marked[2:4, 1:5] = True
    for mask in (marked, marked.astype(np.uint8) * 255, marked.astype(np.float32)):
        data = mask_media(mask).data
        assert data is not None
        assert (read_mask(data) == marked).all()
    paint = np.zeros((6, 8, 4), np.uint8)  # black paint on nothing
    paint[..., 3] = marked * 255
    file = io.BytesIO()
    Image.fromarray(paint).save(file, "PNG")
    assert (read_mask(file.getvalue()) == marked).all()
    Image.fromarray(np.full((6, 8, 4), 255, np.uint8)).save(file := io.BytesIO(), "PNG")
    assert read_mask(file.getvalue()).all()
    for bad in (np.zeros((6, 8, 3)), np.zeros((0, 8)), np.zeros((6, 8), complex)):
        with pytest.raises(MediaError, match="a mask should be numbers"):
            mask_media(bad)


def test_playlists_that_name_other_files_are_not_followed(tmp_path: Path) -> None:
    write_film(tmp_path / "film.mp4", moving(2), 12)
    playlist = f"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n{tmp_path / 'film.mp4'}\n#EXT-X-ENDLIST\n"
    (tmp_path / "list.mp4").write_text(playlist)
    with pytest.raises(MediaError, match=r"list\.mp4"):
        list(read_film(tmp_path / "list.mp4"))


def test_pictures_are_turned_upright(tmp_path: Path) -> None:
    sideways = Image.new("RGB", (20, 10), "red")
    sideways.paste("blue", (0, 0, 10, 10))
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90 degrees clockwise to show it
    sideways.save(tmp_path / "photo.png", exif=exif)
    picture = read_picture(tmp_path / "photo.png")
    assert picture.shape == (20, 10, 3)
    assert picture[0, 0].tolist() == [0, 0, 255]
    assert picture[-1, 0].tolist() == [255, 0, 0]


def test_every_kind_of_picture_becomes_rgb(tmp_path: Path) -> None:
    for mode in ("L", "LA", "RGBA", "P", "1", "I;16"):
        Image.new(mode, (6, 4)).save(tmp_path / "picture.png")
        assert read_picture((tmp_path / "picture.png").read_bytes()).shape == (4, 6, 3)
    Image.fromarray(np.full((4, 6), 32768, np.uint16)).save(tmp_path / "picture.png")
    assert (read_picture(tmp_path / "picture.png") == 128).all()


def test_see_through_pictures_lie_on_white(tmp_path: Path) -> None:
    Image.new("RGBA", (6, 4), (10, 20, 30, 0)).save(tmp_path / "picture.png")
    assert (read_picture(tmp_path / "picture.png") == 255).all()


def test_corrupt_and_truncated_pictures_are_refused(tmp_path: Path) -> None:
    write_picture(tmp_path / "picture.png", moving(1)[0])
    data = (tmp_path / "picture.png").read_bytes()
    for bad in (b"", b"not a picture", data[:10], data[: len(data) // 2], data[:200] + bytes(50) + data[250:]):
        with pytest.raises(MediaError, match="bytes"):
            read_picture(bad)


def test_pictures_that_would_fill_the_memory_are_refused(tmp_path: Path) -> None:
    Image.new("1", (10_000, 6_000)).save(tmp_path / "huge.png")
    assert (tmp_path / "huge.png").stat().st_size < 20_000
    for read in (read_picture, read_mask):
        with pytest.raises(MediaError, match="10000x6000; at most 50 megapixels"):
            read(tmp_path / "huge.png")
    lying = bytearray((tmp_path / "huge.png").read_bytes())
    lying[16:24] = struct.pack(">II", 2**31 - 1, 2**31 - 1)  # a size that no memory holds
    lying[29:33] = struct.pack(">I", zlib.crc32(lying[12:29]))
    with pytest.raises(MediaError, match="bytes"):
        read_picture(bytes(lying))
    with pytest.raises(MediaError, match="10000x6000; at most 50 megapixels"):
        read_picture(tmp_path / "huge.png")


def test_the_store_gives_back_what_was_put_and_notices_changes(tmp_path: Path) -> None:
    store = MediaStore(tmp_path / "store")
    media = store.put(b"a film", "film")
    assert media == Media.of(b"a film", "film").without_data() == store.put(b"a film", "film")
    assert store.get(media.sha256) == b"a film"
    next(tmp_path.glob("store/*/*")).write_bytes(b"another")
    with pytest.raises(MediaError, match="have changed"):
        store.get(media.sha256)


def test_the_store_names_what_it_does_not_have(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="not in the store"):
        MediaStore(tmp_path).get("0" * 64)
    with pytest.raises(MediaError, match="64 hexadecimal digits"):
        MediaStore(tmp_path).get("../../etc/passwd")


def test_media_are_found_inline_or_in_the_store(tmp_path: Path) -> None:
    carried, store = Media.of(b"a film", "film"), MediaStore(tmp_path)
    assert data_of(carried) == b"a film"
    named = store.put(b"a film", "film")
    assert named.data is None
    assert data_of(named, store) == b"a film"
    with pytest.raises(MediaError, match="there is no store"):
        data_of(named)
    with pytest.raises(MediaError, match="not in the store"):
        data_of(Media(sha256="0" * 64), store)


def test_the_store_reads_nothing_that_is_too_large_to_have_been_put(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = MediaStore(tmp_path)
    media = store.put(b"a film of many bytes", "film")
    monkeypatch.setattr("vitascope.shot.store.MAX_INLINE_BYTES", 10)
    with pytest.raises(MediaError, match="have 20 bytes; at most 10"):
        store.get(media.sha256)
