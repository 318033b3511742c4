/** Layout → one transaction of nft text: the whole table. Loading it over an existing one replaces that atomically. */
import { hasTable } from '../model/firewall.model.js';
import type { FirewallModel } from '../model/firewall.model.js';
import { elementTexts } from './nft-layout.js';
import type { ChainLayout, SetLayout, TableLayout } from './nft-layout.js';
import { COUNTERS, renderRemoval, TABLE } from './own-table.js';
import { tableLayout } from './table-layout.js';

export function renderTable(model: FirewallModel): string {
  if (!hasTable(model)) return renderRemoval();
  return `${renderRemoval()}${renderBlock(tableLayout(model), COUNTERS)}`;
}

/** What is added to whatever is in a table of our name already. */
export function renderBlock(layout: TableLayout, counters: readonly string[]): string {
  const body = [
    ...[...layout.sets].map(([name, set]) => setText(name, set)),
    ...counters.map((name) => `  counter ${name} { }`),
    ...[...layout.chains].map(([name, chain]) => chainText(name, chain)),
  ];
  return `table ${TABLE} {\n${body.join('\n')}\n}\n`;
}

function setText(name: string, set: SetLayout): string {
  const elements = elementTexts(set.elements);
  const listed = elements.length === 0 ? '' : ` elements = { ${elements.join(', ')} };`;
  return `  ${set.keyword} ${name} { ${set.declaration}${listed} }`;
}

function chainText(name: string, chain: ChainLayout): string {
  const lines = [...(chain.hook === undefined ? [] : [chain.hook]), ...chain.rules];
  return `  chain ${name} {\n${lines.map((line) => `    ${line}`).join('\n')}\n  }`;
}
