"""Reports as one HTML page that needs nothing else: no font, no picture, no script from elsewhere.

Everything but copying by a click can be read and seen without JavaScript.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from .page.escape import html as escape
from .page.svg import STYLE as DRAWN
from .page.svg import Drawing
from .shown import plain

_STYLE = """
:root { color-scheme: light dark; --ink: #1c2430; --soft: #5d6b7e; --line: #d9dfe8; --paper: #fff; --tint: #f4f6fa;
        --mark: #2563a8; --good: #1a7f4b; --bad: #b3261e; }
@media (prefers-color-scheme: dark) { :root { --ink: #e7ecf3; --soft: #9aa8bb; --line: #344050; --paper: #141a22;
        --tint: #1d2530; --mark: #7fb2ea; --good: #5fcf98; --bad: #ff8a80; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 62rem; margin: 0 auto; padding: 1.5rem 1rem 3rem; }
h1 { font-size: 1.6rem; line-height: 1.2; margin: 0 0 .3rem; overflow-wrap: anywhere; }
h2 { font-size: 1.15rem; margin: 2.2rem 0 .6rem; padding-bottom: .25rem; border-bottom: 1px solid var(--line); }
p { margin: .4rem 0 .8rem; max-width: 46rem; }
.lead, .note, figcaption { color: var(--soft); }
.note { font-size: .85rem; }
.verdict { font-weight: 600; }
.good { color: var(--good); } .bad { color: var(--bad); }
.missing { border-left: 3px solid var(--line); padding-left: .7rem; color: var(--soft); overflow-wrap: anywhere; }
.missing code { color: var(--ink); overflow-wrap: anywhere; }
.said { position: sticky; bottom: 0; display: block; background: var(--ink); color: var(--paper); border-radius: .5rem;
        padding: .5rem .8rem; font-size: .85rem; overflow-wrap: anywhere; }
.said:empty { display: none; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr)); gap: .7rem; margin: 1rem 0; }
.tile { background: var(--tint); border-radius: .5rem; padding: .7rem .8rem; }
.tile b { display: block; font-size: 1.2rem; line-height: 1.25; font-variant-numeric: tabular-nums; }
.tile span { color: var(--soft); font-size: .85rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; width: max-content; max-width: 100%; }
th, td { text-align: left; padding: .3rem .9rem .3rem 0; border-bottom: 1px solid var(--line); vertical-align: top;
         max-width: 24rem; overflow-wrap: break-word; }
th { color: var(--soft); font-weight: 600; font-size: .85rem; }
td.number, th.number { text-align: right; }
summary { cursor: pointer; color: var(--mark); margin: .4rem 0; }
.bar { display: grid; grid-template-columns: minmax(7rem, 13rem) 1fr auto; gap: .7rem; align-items: center;
       margin: .3rem 0; }
.wide + .wide { margin-top: 1.2rem; }
.wide + .bar { margin-top: 1.2rem; }
.bar i { display: block; height: .8rem; border-radius: .2rem; background: var(--mark); min-width: 2px; }
.bar span { overflow-wrap: anywhere; }
.pictures { display: grid; grid-template-columns: repeat(auto-fill, minmax(4.2rem, 1fr)); gap: .8rem; }
figure { margin: 0; text-align: center; } figcaption { font-size: .8rem; }
svg { width: 100%; height: auto; display: block; border-radius: .3rem; }
pre { background: var(--tint); padding: .8rem; border-radius: .5rem; overflow-x: auto; font-size: .82rem;
      line-height: 1.4; }
@media (max-width: 36rem) { table { font-size: .88rem; } td, th { padding-right: .6rem; }
        .bar { grid-template-columns: 1fr auto; gap: .1rem .7rem; margin: .5rem 0; }
        .bar div { grid-area: 2 / 1 / 3 / 3; } }
"""

_COPY = """
function copy(node) {
  const text = node.dataset.command, said = document.getElementById('said');
  const done = () => { said.textContent = 'Copied: ' + text; };
  const by_hand = () => {
    const area = document.createElement('textarea');
    area.value = text;
    document.body.append(area);
    area.select();
    const copied = document.execCommand('copy');
    area.remove();
    if (copied) done(); else said.textContent = text;
  };
  if (navigator.clipboard) navigator.clipboard.writeText(text).then(done, by_hand); else by_hand();
}
document.addEventListener('click', event => {
  const node = event.target.closest('[data-command]');
  if (node) copy(node);
});
document.addEventListener('keydown', event => {
  if (event.key === 'Enter' && event.target.dataset.command) copy(event.target);
});
"""
"""Copies the command of the shape that is clicked, or shows it where the browser lets no page copy."""


class Report:
    """A page that grows from top to bottom; every text is escaped.

    Parameters
    ----------
    title, lead : str
        The heading, and the sentence below it.
    """

    def __init__(self, title: str, lead: str):
        self._title = title
        self._live = False
        self._body = [f"<h1>{escape(title)}</h1>", f'<p class="lead">{escape(lead)}</p>']

    def verdict(self, good: bool, text: str) -> None:
        """The sentence that says whether it held."""
        sign = "✓" if good else "✗"
        self._body.append(f'<p class="verdict {"good" if good else "bad"}">{sign} {escape(text)}</p>')

    def section(self, heading: str, text: str = "") -> None:
        """A new part of the page."""
        self._body.append(f"<h2>{escape(heading)}</h2>")
        if text:
            self._body.append(f"<p>{escape(text)}</p>")

    def note(self, text: str) -> None:
        """Small print."""
        self._body.append(f'<p class="note">{escape(text)}</p>')

    def tiles(self, rows: Sequence[tuple[str, str]]) -> None:
        """Figures that matter: label and value."""
        tiles = "".join(
            f'<div class="tile"><b>{escape(value)}</b><span>{escape(label)}</span></div>' for label, value in rows
        )
        self._body.append(f'<div class="tiles">{tiles}</div>')

    def table(self, head: Sequence[str], rows: Sequence[Sequence[object]], folded: str = "") -> None:
        """A table; numbers stand right. One with words in ``folded`` opens by a click on these (without a script)."""
        columns = [[row[k] for row in rows if row[k] is not None] for k in range(len(head))]
        numeric = [bool(column) and all(map(_is_number, column)) for column in columns]
        cells = [_row("th", head, numeric), *(_row("td", row, numeric) for row in rows)]
        table = f'<div class="wide"><table>{"".join(cells)}</table></div>'
        if folded:
            table = f"<details><summary>{escape(folded)}</summary>{table}</details>"
        self._body.append(table)

    def bars(self, rows: Sequence[tuple[str, float, str]]) -> None:
        """Horizontal bars from label, size and the text at the end."""
        top = max((size for _, size, _ in rows), default=0) or 1
        for label, size, text in rows:
            width = f'<i style="width:{100 * size / top:.2f}%"></i>'
            self._body.append(
                f'<div class="bar"><span>{escape(label)}</span><div>{width}</div><span>{escape(text)}</span></div>'
            )

    def pictures(self, rows: Sequence[tuple[Sequence[Sequence[float]], str]]) -> None:
        """Grey pictures from rows of pixels in [0, 1], each with a caption."""
        figures = "".join(
            f"<figure>{_svg(p)}<figcaption>{escape(caption)}</figcaption></figure>" for p, caption in rows
        )
        self._body.append(f'<div class="pictures">{figures}</div>')

    def figure(self, drawing: Drawing) -> None:
        """A drawing, which scrolls where the page is narrower than it can be read."""
        self._live |= drawing.live
        self._body.append(f'<div class="draw">{drawing.svg()}</div>')

    def missing(self, text: str, command: str = "") -> None:
        """What the page does not show because nobody made it, and the command that makes it."""
        made = f" <code>{escape(command)}</code>" if command else ""
        self._body.append(f'<p class="missing">{escape(text)}{made}</p>')

    def code(self, text: str) -> None:
        """Text as it stands in a file or on a terminal."""
        self._body.append(f"<pre>{escape(text)}</pre>")

    def html(self) -> str:
        """The page. Its policy forbids the browser to load anything, and to run anything but the page's own script."""
        policy, script = "default-src 'none'; style-src 'unsafe-inline'", ""
        if self._live:
            policy += f"; script-src 'sha256-{b64encode(sha256(_COPY.encode()).digest()).decode()}'"
            script = f'\n<output class="said" id="said"></output>\n<script>{_COPY}</script>'
        return (
            '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
            f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            f"<title>{escape(self._title)}</title><style>{_STYLE}{DRAWN}</style></head>\n<body><main>\n"
            + "\n".join(self._body)
            + f"{script}\n</main></body></html>\n"
        )

    def write(self, path: Path) -> Path:
        """Writes the page and returns its path."""
        path.write_text(self.html(), encoding="utf-8")
        return path


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _row(tag: str, cells: Sequence[object], numeric: Sequence[bool]) -> str:
    parts = (
        f"<{tag}{' class=number' if right else ''}>{escape(plain(cell))}</{tag}>"
        for cell, right in zip(cells, numeric, strict=True)
    )
    return f"<tr>{''.join(parts)}</tr>"


def _svg(pixels: Sequence[Sequence[float]]) -> str:
    height, width = len(pixels), max(len(row) for row in pixels)
    squares = "".join(
        f'<rect x="{x}" y="{y}" width="1.02" height="1.02" fill-opacity="{value:.3g}"/>'
        for y, row in enumerate(pixels)
        for x, value in enumerate(row)
        if value > 0
    )
    return f'<svg viewBox="0 0 {width} {height}"><rect width="100%" height="100%" fill="#fff"/>{squares}</svg>'
