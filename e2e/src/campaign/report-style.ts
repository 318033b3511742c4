/** The style of the page, in its head. */
export const STYLE = `
:root { --ink: #1c2430; --faint: #6b7685; --line: #dde3ea; --paper: #fff; --good: #17714a; --good-bg: #e8f5ee; --bad: #b3261e; --bad-bg: #fdecea; --accent: #2d5f9a; }
* { box-sizing: border-box; }
body { margin: 0; background: #f3f5f8; color: var(--ink); font: 15px/1.5 system-ui, "Segoe UI", "DejaVu Sans", sans-serif; }
main { max-width: 1160px; margin: 0 auto; padding: 28px 20px 60px; }
header { background: var(--paper); border: 1px solid var(--line); border-left: 6px solid var(--good); border-radius: 8px; padding: 20px 26px; }
header.bad { border-left-color: var(--bad); }
header p { margin: 6px 0 0; max-width: 80ch; }
.kicker { color: var(--faint); font-size: 13px; letter-spacing: .04em; margin: 0; }
h1 { margin: 2px 0 0; font-size: 30px; line-height: 1.2; color: var(--good); }
header.bad h1 { color: var(--bad); }
h2 { font-size: 17px; margin: 34px 0 10px; }
.facts { color: var(--faint); font-size: 13px; }
.tiles { display: grid; grid-template-columns: repeat(6, 1fr); gap: 10px; margin-top: 14px; }
.tile { background: var(--paper); border: 1px solid var(--line); border-radius: 8px; padding: 12px 14px; }
.tile b { display: block; font-size: 23px; line-height: 1.2; font-variant-numeric: tabular-nums; }
.tile span { color: var(--faint); font-size: 12.5px; line-height: 1.3; display: block; margin-top: 3px; }
.tile.good { background: var(--good-bg); border-color: #bfe3cf; } .tile.good b { color: var(--good); }
.tile.bad { background: var(--bad-bg); border-color: #f3c1bd; } .tile.bad b { color: var(--bad); }
figure { margin: 0; background: var(--paper); border: 1px solid var(--line); border-radius: 8px; padding: 14px 12px 10px; }
svg { display: block; width: 100%; height: auto; font: 11.5px system-ui, "DejaVu Sans", sans-serif; }
svg .label { text-anchor: end; fill: var(--ink); } svg .faint, svg .time { fill: var(--faint); } svg .time { text-anchor: middle; }
svg .tick { stroke: var(--line); } svg .violated { stroke: var(--bad); stroke-opacity: .28; }
.round { fill: #f1f4f9; background: #e3e9f2; } .passed { fill: #9cc3e6; background: #9cc3e6; } .dropped { fill: #5b6b80; background: #5b6b80; }
.kill { fill: #c8553d; background: #c8553d; } .freeze { fill: #4f7cac; background: #4f7cac; } .other { fill: #8a63a8; background: #8a63a8; }
.healing { fill: #e7c46a; background: #e7c46a; } .quiet { fill: var(--good); background: var(--good); } .violation { fill: var(--bad); background: var(--bad); }
figcaption { display: flex; flex-wrap: wrap; gap: 4px 18px; color: var(--faint); font-size: 12.5px; padding: 8px 6px 2px; }
figcaption i { display: inline-block; width: 11px; height: 11px; border-radius: 2px; margin-right: 6px; vertical-align: -1px; }
figcaption i.quiet { transform: rotate(45deg) scale(.8); } figcaption i.violation { border-radius: 50%; }
table { width: 100%; border-collapse: collapse; background: var(--paper); border: 1px solid var(--line); font-size: 13.5px; }
th { text-align: left; font-weight: 600; color: var(--faint); font-size: 12.5px; }
th, td { padding: 6px 12px; border-bottom: 1px solid var(--line); vertical-align: top; overflow-wrap: anywhere; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.when { font-variant-numeric: tabular-nums; white-space: nowrap; }
.violations td { font-size: 12.5px; } .violations td b { color: var(--bad); } tr.wrong td { color: var(--bad); font-weight: 600; }
table.each { table-layout: fixed; } .w-time { width: 108px; } .w-what { width: 210px; } .w-ends { width: 300px; } .w-oracle { width: 240px; }
.columns { display: grid; grid-template-columns: 1fr 1fr; gap: 0 24px; align-items: start; }
pre { background: #1c2430; color: #e8edf4; padding: 12px 16px; border-radius: 8px; overflow-x: auto; font-size: 13.5px; }
.note { color: var(--faint); font-size: 13px; } p { max-width: 100ch; }
@media (max-width: 800px) { .tiles { grid-template-columns: repeat(2, 1fr); } .columns { grid-template-columns: 1fr; } }
@media print { body { background: #fff; } figure, .tile, header { break-inside: avoid; } }
`;
