"""The report as a page: for each suite its numbers between baseline and ceiling, plots, tables, and clips beside the
truth. One HTML file and a folder of clips; nothing is fetched from elsewhere.
"""

import math
import re
from collections.abc import Iterable, Mapping
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from vitascope.evaluate.suite import Frames, Metric, Outcome, Plot, Shown, Table
from vitascope.shot.media import write_film, write_picture

CLIP_FPS = 12.0
SHEET = 900  # pixels: a picture from this width on takes a row of its own, or nothing on it could be read
COLOURS = ("#7cc4ff", "#ffb454", "#8bd49c", "#f27c98", "#c7a6ff", "#5fd3c6", "#e6d36a", "#9fb0c3")
STYLE = """
:root { color-scheme: dark; --page: #121316; --card: #1b1d22; --line: #2e323a; --text: #e9ebee; --dim: #98a0ab; }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2rem 1.25rem 5rem; max-width: 72rem; background: var(--page); color: var(--text);
  font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.7rem; margin: 0; } h2 { font-size: 1.25rem; margin: 3rem 0 .2rem; text-transform: capitalize; }
h3 { font-size: 1rem; margin: 1.4rem 0 .5rem; } p { margin: .3rem 0 1rem; color: var(--dim); }
nav a, a { color: #7cc4ff; text-decoration: none; margin-right: 1rem; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: .4rem 1rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: .4rem .55rem; border-bottom: 1px solid var(--line); white-space: nowrap; }
th { color: var(--dim); font-weight: 500; font-size: .85rem; } tr:last-child td { border-bottom: 0; }
th:first-child, td:first-child { text-align: left; }
td.unit { color: var(--dim); text-align: left; white-space: normal; }
.plots { display: flex; flex-wrap: wrap; gap: 1rem; } figure { margin: 0; }
.clips { display: grid; grid-template-columns: repeat(auto-fill, minmax(20rem, 1fr)); gap: 1rem; }
.sheet { grid-column: 1 / -1; }
.pair { display: grid; grid-template-columns: 1fr 1fr; gap: 4px; } .pair.one { grid-template-columns: 1fr; }
video, .pair img { width: 100%; display: block; border-radius: 4px; background: #000; image-rendering: auto; }
figcaption { font-size: .85rem; padding: .4rem 0 .2rem; } figcaption span { color: var(--dim); display: block; }
svg text { fill: var(--dim); font: 11px system-ui, sans-serif; } svg .axis { stroke: var(--line); }
"""


def write(report: Mapping[str, Any], outcomes: Mapping[str, Outcome], about: Mapping[str, str], out: Path) -> None:
    """out/index.html, and its clips in out/clips. Raises OSError where these cannot be written."""
    clips = out / "clips"
    clips.mkdir(exist_ok=True)
    weights = report["weights"]
    steps = weights["training"].get("steps")
    trained = f", trained for {steps:,} steps" if isinstance(steps, int) else ""
    how = "a quick run, with wide intervals" if report["quick"] else "a full run"
    links = "".join(f'<a href="#{name}">{name}</a>' for name in outcomes)
    parts = [
        f"<h1>{escape(weights['file'])}</h1>",
        f"<p>{how}{trained}. Intervals are of 95 %. The ceiling is what true renders of the same get by the same "
        f"measurement, the baseline what ignoring the question gets.</p><nav>{links}</nav>",
    ]
    for name, outcome in outcomes.items():
        parts.append(f'<h2 id="{name}">{name}</h2><p>{escape(about[name])} {report["seconds"][name]:.0f} s.</p>')
        parts.append(_metrics(outcome.metrics))
        if outcome.plots:
            parts.append('<h3>Plots</h3><div class="plots">' + "".join(map(plot, outcome.plots)) + "</div>")
        parts += [_table(table) for table in outcome.tables]
        if outcome.shown:
            shown = (_shown(one, f"{name}-{i}", clips) for i, one in enumerate(outcome.shown))
            title = "Made, and true" if any(one.true is not None for one in outcome.shown) else "What was made"
            parts.append(f'<h3>{title}</h3><div class="clips">' + "".join(shown) + "</div>")
    head = '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
    title = f"<title>{escape(weights['file'])}: evaluation</title><style>{STYLE}</style>"
    text = (
        f'<!doctype html>\n<html lang="en"><head>{head}{title}</head>\n<body>' + "\n".join(parts) + "</body></html>\n"
    )
    (out / "index.html").write_text(text, encoding="utf-8")


def number(value: float | None) -> str:
    """A number as it is read best: at most three digits that count; a dash for none."""
    if value is None or math.isnan(value):
        return "–"
    if value and not 1e-3 <= abs(value) < 1e5:
        return f"{value:.2e}"
    digits = max(0, 2 - math.floor(math.log10(abs(value)))) if value else 0
    return f"{value:.{min(digits, 4)}f}"


def _metrics(metrics: Mapping[str, Metric]) -> str:
    columns = "".join(f"<th>{name}</th>" for name in ("metric", "value", "95 %", "ceiling", "baseline", ""))
    rows = []
    for name, metric in metrics.items():
        interval = f"{number(metric.low)} … {number(metric.high)}"
        told = (number(metric.value), interval, number(metric.ceiling), number(metric.baseline))
        cells = "".join(f"<td>{one}</td>" for one in told)
        unit = f"<td class=unit>{escape(metric.unit)}</td>"
        rows.append(f"<tr><td>{escape(name.replace('_', ' '))}</td>{cells}{unit}</tr>")
    return f'<div class="card wide"><table><tr>{columns}</tr>{"".join(rows)}</table></div>'


def _table(table: Table) -> str:
    columns = "".join(f"<th>{escape(name)}</th>" for name in table.columns)
    rows = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in table.rows)
    return f'<h3>{escape(table.title)}</h3><div class="card wide"><table><tr>{columns}</tr>{rows}</table></div>'


# Clips


def _shown(shown: Shown, name: str, folder: Path) -> str:
    sides = [_media(shown.made, f"{name}-made", folder)]
    if shown.true is not None:
        sides.append(_media(shown.true, f"{name}-true", folder))
    kind = "pair" if len(sides) == 2 else "pair one"
    note = f"<span>{escape(shown.note)}</span>" if shown.note else ""
    told = f"<figcaption>{escape(shown.title)}{note}</figcaption>"
    card = "card sheet" if len(shown.made) == 1 and shown.made.shape[2] >= SHEET else "card"
    return f'<figure class="{card}"><div class="{kind}">{"".join(sides)}</div>{told}</figure>'


def _media(frames: Frames, name: str, folder: Path) -> str:
    """A film, or a picture where there is one frame, and how the page shows it."""
    name = re.sub(r"[^A-Za-z0-9._-]", "-", name)
    if len(frames) == 1:
        write_picture(folder / f"{name}.png", frames[0])
        return f'<img src="clips/{name}.png" alt="">'
    even = frames[:, : frames.shape[1] // 2 * 2, : frames.shape[2] // 2 * 2]
    write_film(folder / f"{name}.mp4", list(np.ascontiguousarray(even)), CLIP_FPS)
    return f'<video src="clips/{name}.mp4" autoplay loop muted playsinline controls></video>'


# Plots


def plot(data: Plot, size: tuple[int, int] = (340, 260)) -> str:
    """Points of each series over x and y, as SVG; lines join those of a series with more than two points in order of x
    where there is no diagonal."""
    wide, high = size
    left, top, right, bottom = 46, 12, wide - 10, high - 40
    points = [point for series in data.series.values() for point in series]
    if not points:
        return ""
    (x0, x1), (y0, y1) = (_range(values) for values in zip(*points, strict=True))
    if data.diagonal:
        x0 = y0 = min(x0, y0)
        x1 = y1 = max(x1, y1)

    def at(x: float, y: float) -> tuple[float, float]:
        return left + (x - x0) / (x1 - x0) * (right - left), bottom - (y - y0) / (y1 - y0) * (bottom - top)

    parts = [f'<rect x="{left}" y="{top}" width="{right - left}" height="{bottom - top}" fill="none" class="axis"/>']
    for tick in ticks(x0, x1):
        x, _ = at(tick, y0)
        parts.append(f'<text x="{x:.1f}" y="{bottom + 14}" text-anchor="middle">{number(tick)}</text>')
        parts.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{top}" y2="{bottom}" class="axis"/>')
    for tick in ticks(y0, y1):
        _, y = at(x0, tick)
        parts.append(f'<text x="{left - 5}" y="{y + 4:.1f}" text-anchor="end">{number(tick)}</text>')
        parts.append(f'<line x1="{left}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}" class="axis"/>')
    if data.diagonal:
        (ax, ay), (bx, by) = at(x0, y0), at(x1, y1)
        parts.append(f'<line x1="{ax:.1f}" y1="{ay:.1f}" x2="{bx:.1f}" y2="{by:.1f}" stroke="#98a0ab" opacity=".5"/>')
    for (name, series), colour in zip(data.series.items(), _colours(data.series), strict=True):
        places = [at(*point) for point in (series if data.diagonal else sorted(series))]
        if not data.diagonal and len(places) > 2:
            path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
            parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.5"/>')
        parts += [
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"><title>{escape(name)}</title></circle>'
            for x, y in places
        ]
    middle = (left + right) / 2
    parts.append(f'<text x="{middle}" y="{high - 8}" text-anchor="middle">{escape(data.x)}</text>')
    turned = f'x="12" y="{(top + bottom) / 2}" transform="rotate(-90 12 {(top + bottom) / 2})" text-anchor="middle"'
    parts.append(f"<text {turned}>{escape(data.y)}</text>")
    legend = "".join(
        f'<span><b style="color:{colour}">●</b> {escape(name)} </span>'
        for name, colour in zip(data.series, _colours(data.series), strict=True)
    )
    picture = f'<svg width="{wide}" height="{high}" viewBox="0 0 {wide} {high}">{"".join(parts)}</svg>'
    caption = f'<figcaption>{escape(data.title)}<span style="max-width:{wide}px">{legend}</span></figcaption>'
    return f'<figure class="card">{picture}{caption}</figure>'


def _colours(series: Mapping[str, object]) -> list[str]:
    return [COLOURS[i % len(COLOURS)] for i in range(len(series))]


def _range(values: Iterable[float]) -> tuple[float, float]:
    """Least and most with a little air; never nothing."""
    numbers = list(values)
    low, high = min(numbers), max(numbers)
    air = 0.06 * (high - low) or 0.5 * max(abs(high), 1.0)
    return low - air, high + air


def ticks(low: float, high: float, about: int = 4) -> list[float]:
    """Round numbers from low to high, about so many."""
    raw = (high - low) / about
    scale = 10.0 ** math.floor(math.log10(raw))
    step = min((scale * m for m in (1, 2, 2.5, 5, 10)), key=lambda one: abs(one - raw))
    first = math.ceil(low / step - 1e-9)
    return [i * step for i in range(first, math.floor(high / step + 1e-9) + 1)]
