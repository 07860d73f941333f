"""The report's page: what is in it, and that what it names is there."""

import re
from pathlib import Path

import numpy as np
import pytest

from vitascope.evaluate import page
from vitascope.evaluate.suite import Metric, Outcome, Plot, Shown, Table
from vitascope.shot.media import read_film


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (None, "–"),
        (float("nan"), "–"),
        (0, "0"),
        (0.123456, "0.123"),
        (1.0, "1.00"),
        (42.42, "42.4"),
        (-1234.5, "-1234"),
        (0.00012, "1.20e-04"),
        (1e7, "1.00e+07"),
    ],
)
def test_numbers_are_told_shortly(value: float | None, told: str) -> None:
    assert page.number(value) == told


@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (-37.2, 12.9), (0.931, 0.987), (1e-5, 3e-5), (-1e6, 1e6)])
def test_ticks_are_a_few_round_numbers_inside(low: float, high: float) -> None:
    found = page.ticks(low, high)
    assert 2 <= len(found) <= 7
    assert all(low - 1e-9 <= tick <= high + 1e-9 for tick in found)
    steps = np.diff(found)
    np.testing.assert_allclose(steps, steps[0])
    mantissa = steps[0] / 10 ** np.floor(np.log10(steps[0]) + 1e-9)
    assert min(abs(mantissa - m) for m in (1, 2, 2.5, 5, 10)) < 1e-6


def test_a_plot_has_its_points_where_they_belong() -> None:
    drawn = page.plot(Plot("a", "x", "y", {"one": ((0, 0), (10, 10)), "two <b>": ((5, 0),)}))
    places = [(float(x), float(y)) for x, y in re.findall(r'<circle cx="([\d.]+)" cy="([\d.]+)"', drawn)]
    assert len(places) == 3
    (x0, y0), (x1, y1), (x2, y2) = places
    assert x0 < x2 < x1 and y1 < y0 and y2 == y0, "y grows upwards"
    assert x2 == pytest.approx((x0 + x1) / 2, abs=0.1)
    assert "two &lt;b&gt;" in drawn and "<b>two" not in drawn
    assert page.plot(Plot("empty", "x", "y", {})) == ""


def test_the_page_shows_all_that_was_found(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    film = rng.integers(0, 255, (4, 32, 48, 3), dtype=np.uint8)
    outcome = Outcome(
        metrics={"pan_slope": Metric(0.9, 0.8, 1.0, 1.01, None, "done over <asked>")},
        shown=(Shown("a <film>", film, film[::-1], "read as it was asked"), Shown("a picture", film[:1])),
        tables=(Table("Hits", ("what", "share"), (("ball", "50 %"),)),),
        plots=(Plot("Pan", "asked", "done", {"pan": ((-10, -9), (10, 9))}, diagonal=True),),
    )
    report = {
        "weights": {"file": "small.safetensors", "training": {"steps": 1234}},
        "quick": True,
        "seconds": {"camera": 3.2},
    }
    page.write(report, {"camera": outcome}, {"camera": "Does it move?"}, tmp_path)
    text = (tmp_path / "index.html").read_text(encoding="utf-8")
    for told in ("small.safetensors", "1,234 steps", "pan slope", "0.900", "0.800 … 1.00", "1.01", "–", "ball", "50 %"):
        assert told in text, told
    assert "done over &lt;asked&gt;" in text and "a &lt;film&gt;" in text
    named = re.findall(r'src="([^"]+)"', text)
    assert len(named) == 3 and all((tmp_path / name).is_file() for name in named)
    assert not re.search(r"https?:", text), "nothing is fetched from elsewhere"
    played = np.stack(list(read_film((tmp_path / named[0]).read_bytes())))
    assert played.shape == film.shape


def test_a_wide_picture_has_a_row_of_its_own(tmp_path: Path) -> None:
    sheet = np.zeros((1, 40, 1200, 3), np.uint8)
    outcome = Outcome({}, (Shown("sheet", sheet), Shown("picture", sheet[:, :, :64])))
    report = {"weights": {"file": "a", "training": {}}, "quick": True, "seconds": {"sound": 1.0}}
    page.write(report, {"sound": outcome}, {"sound": "?"}, tmp_path)
    text = (tmp_path / "index.html").read_text()
    assert text.count('<figure class="card sheet">') == 1 == text.count('<figure class="card">')
    assert "What was made" in text and "Made, and true" not in text
