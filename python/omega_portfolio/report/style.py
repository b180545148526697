"""Colours and shapes of the report: one palette for light, one for dark, and the CSS.

Gains are teal and losses are orange: people who do not tell red from green see them apart,
and every mark also says it in another way: by its sign, its side of the axis, or a hollow
dot. The contrast of texts is at least 4.5 to 1 on both papers.
"""

from __future__ import annotations

from string import Template
from typing import Final

LIGHT: Final = {
    "page": "#f6f7f9",
    "paper": "#ffffff",
    "ink": "#18212f",
    "muted": "#566273",
    "faint": "#e4e8ee",
    "axis": "#b8c0cc",
    "accent": "#2456c4",
    "second": "#7a5195",
    "gain": "#0b7d75",
    "loss": "#c2480f",
}
DARK: Final = {
    "page": "#0e1319",
    "paper": "#161c25",
    "ink": "#e7ecf3",
    "muted": "#9ba8b9",
    "faint": "#263040",
    "axis": "#47546a",
    "accent": "#7fa8ff",
    "second": "#c9a2e4",
    "gain": "#45c4b7",
    "loss": "#ff9466",
}

FONT: Final = (
    'system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue","Liberation Sans",Arial,sans-serif'
)

_PICTURE: Final = Template("""\
.op text{font:12px $font;fill:$muted;font-variant-numeric:tabular-nums}
.op .middle{text-anchor:middle}.op .end{text-anchor:end}
.op text.ink,.op .ink text{fill:$ink}.op .small{font-size:11px}.op .tiny text{font-size:9.5px}
.op .heading{font-size:16px;font-weight:600;fill:$ink}
.op .paper{fill:$paper}
.op .grid{stroke:$faint;fill:none}.op .axis{stroke:$axis;fill:none}
.op .line{fill:none;stroke-width:1.5;stroke-linejoin:round;stroke-linecap:round}
.op .accent{stroke:$accent}.op .second{stroke:$second}.op .third{stroke:$muted}
.op .gain{stroke:$gain}.op .loss{stroke:$loss}
.op .fine{stroke-width:15}.op .dashed{stroke-dasharray:5 4}.op .fine.dashed{stroke-dasharray:50 40}
.op .area{stroke:none;fill-opacity:.1}.op .area.loss{fill-opacity:.2}
.op .fill{stroke:none}
.op .fill.accent,.op .area.accent{fill:$accent}.op .fill.third{fill:$muted}
.op .fill.gain,.op .area.gain{fill:$gain}.op .fill.loss,.op .area.loss{fill:$loss}
.op .cell{stroke:$paper;stroke-width:2}
.op .dot{fill:none;stroke-linecap:round;stroke-width:50;stroke-opacity:.75}
.op .core{fill:none;stroke-linecap:round;stroke-width:20;stroke:$paper}
.op .halo{paint-order:stroke;stroke:$paper;stroke-width:4px;stroke-linejoin:round}
.op .spot{stroke:$paper;stroke-width:1.5;fill:$loss}
.op text.gain{fill:$gain;stroke:none}.op text.loss{fill:$loss;stroke:none}
.op text.accent{fill:$accent;stroke:none}
""")

_PAGE: Final = Template("""\
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;color-scheme:light dark}
body{margin:0;background:$page;color:$ink;font:14px/1.5 $font;font-variant-numeric:tabular-nums}
main{max-width:1040px;margin:0 auto;padding:40px 24px 56px}
h1{font-size:27px;line-height:1.2;font-weight:650;letter-spacing:-.01em;margin:0 0 6px;
overflow-wrap:anywhere}
h2{font-size:16px;font-weight:650;margin:0;line-height:1.3}
h3{font-size:12px;font-weight:600;margin:0 0 6px;color:$muted;text-transform:uppercase;
letter-spacing:.05em}
p{margin:0}.muted,.note{color:$muted}.note{font-size:13px;margin-top:2px}
.empty{color:$muted;padding:10px 0 4px}
.lead{color:$muted;font-size:15px}
.facts{display:flex;flex-wrap:wrap;gap:4px 28px;margin:18px 0 26px;padding:12px 0;
border-top:1px solid $faint;border-bottom:1px solid $faint;font-size:13px}
.facts div{min-width:0}.facts dt{color:$muted;font-size:12px}.facts dd{margin:0;
overflow-wrap:anywhere}
.tiles{display:grid;grid-template-columns:repeat(5,1fr);gap:12px;margin:0 0 12px}
.tile{background:$paper;border:1px solid $faint;border-radius:10px;padding:13px 15px;min-width:0}
.tile dt{color:$muted;font-size:12.5px}
.tile dd{margin:0}.tile .big{font-size:21px;font-weight:600;line-height:1.35;
letter-spacing:-.01em;white-space:nowrap}
.tile .small{color:$muted;font-size:12px;line-height:1.35}
.panels{display:grid;grid-template-columns:1fr 1fr;gap:12px}
.panel{background:$paper;border:1px solid $faint;border-radius:10px;padding:18px 20px 16px;
grid-column:1/-1;min-width:0}
.panel.half{grid-column:auto}
.panel svg{display:block;width:100%;height:auto;margin-top:10px}
.panel svg.narrow{display:none}
.gain{color:$gain}.loss{color:$loss}
.strip{margin:0 0 12px;padding:11px 15px;background:$paper;border:1px solid $faint;
border-radius:10px;font-size:13.5px;overflow-wrap:anywhere}
.holds{color:$gain;font-weight:600}.fails{color:$loss;font-weight:700}
a{color:$accent}
.scroll{overflow-x:auto;margin-top:10px}
.scroll.white{background:#fff;padding:10px;border-radius:8px}
table{border-collapse:collapse;width:100%;font-size:13px}
caption{text-align:left;color:$muted;font-size:12px;font-weight:600;padding:0 0 6px;
text-transform:uppercase;letter-spacing:.05em}
main th{font-weight:500;color:$muted;font-size:12px;text-align:left}
main th,main td{padding:5px 10px 5px 0;border-bottom:1px solid $faint;vertical-align:baseline}
main th:last-child,main td:last-child{padding-right:0}
main .num{text-align:right;white-space:nowrap}
main tbody th{color:$ink;font-size:13px;font-weight:400}
main thead th{border-bottom-color:$axis;vertical-align:bottom}
.text{overflow-wrap:anywhere;max-width:22em;min-width:4.5em}
.groups{display:grid;grid-template-columns:repeat(3,1fr);gap:0 32px;margin-top:12px}
.group{break-inside:avoid;margin:0 0 20px}
main .group th,main .group td{padding-top:3px;padding-bottom:3px}
main .group th{width:58%}main .group td{white-space:normal;overflow-wrap:break-word}
.groups>div{min-width:0;overflow-x:auto}
abbr{text-decoration:none;cursor:help}
.code{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono",monospace;
font-size:12px;overflow-wrap:anywhere}
details{margin-top:12px}summary{cursor:pointer;color:$accent;font-size:13px}
.words{columns:2;column-gap:32px;font-size:12.5px;margin-top:10px}
.words div{break-inside:avoid;margin-bottom:7px}.words dt{font-weight:600}
.words dd{margin:0;color:$muted}
.sums{margin-top:10px}.sum{padding:9px 0;border-bottom:1px solid $faint;display:flex;
flex-wrap:wrap;gap:4px 10px;align-items:baseline}
.sum .term{white-space:nowrap}.sum .name{display:block;color:$muted;font-size:12px}
.sum .sign{color:$muted}.sum .verdict{margin-left:auto}
.tables>div+div,.tables>details+details{margin-top:18px}
footer{color:$muted;font-size:12.5px;margin-top:22px}
""")

_MEDIA: Final = """\
@media (max-width:820px){.tiles{grid-template-columns:repeat(2,1fr)}
.panels{grid-template-columns:1fr}.panel.half{grid-column:1/-1}
.groups{grid-template-columns:1fr 1fr}
main{padding:24px 12px 40px}.panel{padding:15px 14px 13px}}
@media (max-width:560px){.panel svg.narrow{display:block}.panel svg.wide{display:none}
.groups{grid-template-columns:1fr}.words{columns:1}
.tile .big{font-size:19px}.sum .verdict{margin-left:0;width:100%}}
@page{size:A4;margin:13mm 12mm}
@media print{body{background:#fff;font-size:12px;-webkit-print-color-adjust:exact;
print-color-adjust:exact}main{max-width:none;padding:0}
.panels{grid-template-columns:1fr 1fr}.panel.half{grid-column:auto}
.tiles{grid-template-columns:repeat(5,1fr);gap:8px}.tile{padding:9px 10px}
.tile .big{font-size:16px}.groups{grid-template-columns:repeat(3,1fr);gap:0 20px}
.panel svg.wide{display:block}.panel svg.narrow{display:none}
.panel,.tile,.strip{break-inside:avoid}.panel{padding:13px 14px}
.panel.long{break-before:page}.group,.sum,tr,.tables>*{break-inside:avoid}
h2,h3,caption{break-after:avoid}.scroll{overflow:visible}table{font-size:11px}
main tbody th{font-size:11px}main th{font-size:10.5px}main td,main th{padding-right:6px}
main .group th,main .group td{font-size:9.5px;line-height:1.35;padding-top:2px;padding-bottom:2px}
main .group th{width:auto}.group{margin-bottom:10px}
.tile dt,.tile .small{font-size:10px}h1{font-size:22px}.facts{margin:10px 0 14px;padding:8px 0}
.facts dt,.facts dd,.note,.strip{font-size:10.5px}.panel svg{margin-top:4px}footer{margin-top:8px}
details:not([open]){display:none}}
"""


def _variables(colours: dict[str, str]) -> str:
    return "".join(f"--{name}:{colour};" for name, colour in colours.items())


def picture_style(*, dark: bool) -> str:
    """Give the style of a picture that stands alone, in plain colours.

    Parameters
    ----------
    dark : bool
        Add dark colours for a reader who prefers them.
    """
    light = _PICTURE.substitute(LIGHT, font=FONT)
    if not dark:
        return light
    rules = _PICTURE.substitute(DARK, font=FONT)
    return f"{light}@media screen and (prefers-color-scheme:dark){{{rules}}}"


def page_style() -> str:
    """Give the style of a page with its pictures; paper is always light."""
    names = {name: f"var(--{name})" for name in LIGHT} | {"font": FONT}
    rules = _PAGE.substitute(names) + _PICTURE.substitute(names) + _MEDIA
    dark = f"@media screen and (prefers-color-scheme:dark){{:root{{{_variables(DARK)}}}}}"
    return f":root{{{_variables(LIGHT)}}}\n{dark}\n{rules}"


__all__ = ["DARK", "LIGHT", "page_style", "picture_style"]
