"""Charts as SVG, made here: readable in grey, at every width, and never without their table."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup

_ROW, _BAR, _TEXT = 38, 12, 15
"""Heights in pixels; widths are shares of the room that there is, so that words keep their size."""
_PATTERNS = ("solid", "hatched", "dotted", "outlined")
_DEFS = Markup(
    '<defs><pattern id="{name}-hatched" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform='
    '"rotate(45)"><path d="M0 0V6" class="mark-line"/></pattern><pattern id="{name}-dotted" width="6" height="6"'
    ' patternUnits="userSpaceOnUse"><circle cx="2" cy="2" r="1.5" class="mark-dot"/></pattern></defs>'
)


@dataclass(frozen=True, slots=True)
class Bar:
    """One row: `values` in the order of the series. `is_now` marks today."""

    said: str
    values: tuple[int, ...]
    is_now: bool = False


@dataclass(frozen=True, slots=True)
class Series:
    said: str
    pattern: str


@dataclass(frozen=True, slots=True)
class Chart:
    """`first` heads the first column of the table, `now` is the word for today."""

    name: str
    caption: str
    first: str
    now: str
    series: Sequence[Series]
    bars: Sequence[Bar]
    beside: bool = False
    """Whether the values of a row are compared, one below the other, and not parts of a whole."""

    @property
    def svg(self) -> Markup:
        """Rows from a zero on the left, parts of a row one after the other, its sum at the end."""
        most = max((max(bar.values) if self.beside else sum(bar.values) for bar in self.bars), default=0) or 1
        rows = Markup("").join(self._row(number * self._height, bar, most) for number, bar in enumerate(self.bars))
        frame = Markup(
            '<svg class="bars" role="img" aria-label="{caption}" width="100%" height="{height}">{defs}{rows}</svg>'
        )
        return frame.format(
            caption=self.caption, height=self._height * len(self.bars), defs=_DEFS.format(name=self.name), rows=rows
        )

    @property
    def _height(self) -> int:
        return _ROW + _BAR * (len(self.series) - 1 if self.beside else 0)

    def _row(self, top: int, bar: Bar, most: int) -> Markup:
        said = f"{bar.said} · {self.now}" if bar.is_now else bar.said
        words = Markup('<text x="0" y="{y}" class="{kind}">{said}</text>').format(
            y=top + _TEXT, said=said, kind="now" if bar.is_now else "label"
        )
        total = Markup('<text x="100%" y="{y}" text-anchor="end" class="value">{said}</text>').format(
            y=top + _TEXT, said=self._figures(bar)
        )
        long = self._height - _ROW + _BAR
        base = Markup('<path d="M0.5 {y}v{long}" class="zero"/>').format(y=top + _TEXT + 5, long=long)
        return words + total + Markup("").join(self._parts(top, bar, most)) + base

    def _figures(self, bar: Bar) -> str:
        return (" / " if self.beside else " + ").join(map(str, bar.values))

    def _parts(self, top: int, bar: Bar, most: int) -> Iterator[Markup]:
        before = 0
        for number, (value, series) in enumerate(zip(bar.values, self.series, strict=True)):
            if value:
                yield Markup(
                    '<rect x="{x:.2f}%" y="{y}" width="{width:.2f}%" height="{height}" class="{kind}"{fill}/>'
                ).format(
                    x=0 if self.beside else 100 * before / most,
                    y=top + _TEXT + 5 + (number * _BAR if self.beside else 0),
                    width=100 * value / most,
                    height=_BAR,
                    kind=series.pattern,
                    fill=Markup(' fill="url(#{}-{})"').format(self.name, series.pattern)
                    if series.pattern in {"hatched", "dotted"}
                    else "",
                )
            before += value


def series_of(*said: str) -> list[Series]:
    """At most four, told apart by their patterns."""
    return [Series(words, pattern) for words, pattern in zip(said, _PATTERNS, strict=False)]
