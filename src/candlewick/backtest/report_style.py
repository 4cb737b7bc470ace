"""How the page of a backtest looks."""

from typing import Final

STYLE: Final = """\
:root {
  color-scheme: light dark;
  --ink: light-dark(#1c2430, #e8ebf0);
  --soft: light-dark(#4a5566, #aab4c2);
  --ground: light-dark(#fbfaf7, #14181f);
  --card: light-dark(#ffffff, #1d232d);
  --line: light-dark(#dcd9d0, #333c4a);
  --accent: light-dark(#9a4a00, #ffb35c);
  --calm: light-dark(#5b6b82, #8fa3c0);
  --good: light-dark(#17692f, #6fdc8c);
  --bad: light-dark(#b3261e, #ff9b92);
}
body { margin: 0; background: var(--ground); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; }
main { max-width: 62rem; margin: 0 auto; padding: 2rem 1.25rem 4rem; }
article + article { margin-top: 4rem; border-top: 2px solid var(--line); padding-top: 2rem; }
h1 { margin: 0 0 .5rem; font-size: 1.7rem; line-height: 1.2; }
h2 { margin: 0; font-size: 1.1rem; }
p { margin: .4rem 0; color: var(--soft); }
.note { border-left: .25rem solid var(--bad); padding-left: .75rem; color: var(--ink); }
section, figure { margin: 1.5rem 0 0; padding: 1rem 1.25rem; background: var(--card); border: 1px solid var(--line);
  border-radius: .6rem; }
figcaption { display: flex; flex-wrap: wrap; gap: .25rem 1.5rem; align-items: baseline; margin-bottom: .5rem; }
.legend { display: flex; flex-wrap: wrap; gap: .25rem 1rem; margin: 0; padding: 0; list-style: none; font-size: .875rem;
  color: var(--soft); }
.key { display: inline-block; width: 1.4rem; height: 0; margin-right: .4rem; vertical-align: middle;
  border-top: .2rem solid currentColor; }
.key.equity { color: var(--accent); }
.key.held { color: var(--calm); border-top-style: dashed; }
.key.drawdown { color: var(--bad); }
.key.price { color: var(--calm); }
.sign { font-size: .8rem; margin-right: .4rem; }
.sign.long { color: var(--good); }
.sign.short { color: var(--bad); }
.sign.exit { color: var(--ink); }
svg { display: block; width: 100%; height: auto; }
svg path { fill: none; stroke-width: 1.6; stroke-linejoin: round; }
svg .grid { stroke: var(--line); stroke-width: 1; }
svg .axis { fill: var(--soft); font: 12px system-ui, sans-serif; }
svg .equity { stroke: var(--accent); }
svg .held { stroke: var(--calm); stroke-dasharray: 5 3; }
svg .price { stroke: var(--calm); }
svg .drawdown { stroke: var(--bad); fill: color-mix(in srgb, var(--bad) 25%, transparent); }
svg .mark { stroke: var(--card); stroke-width: .7; }
svg .mark.long { fill: var(--good); }
svg .mark.short { fill: var(--bad); }
svg .mark.exit { fill: var(--ink); }
.wide { overflow-x: auto; }
.list { max-height: 34rem; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--soft); padding: .25rem 0 .5rem; }
th, td { padding: .3rem .75rem .3rem 0; border-bottom: 1px solid var(--line); text-align: right; white-space: nowrap; }
th[scope="row"], th:first-child { text-align: left; font-weight: 500; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1.25rem; margin: .5rem 0 0; font-size: .9rem; }
dt { color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; }
@media (max-width: 40rem) { dl { grid-template-columns: 1fr; } dt { margin-top: .4rem; } }
@media print { section, figure { break-inside: avoid; } .list { max-height: none; } }
"""
