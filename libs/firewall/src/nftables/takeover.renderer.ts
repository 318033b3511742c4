/**
 * A table that an earlier agent left → ours, in one transaction that keeps its flow sets: everything else in it is deleted
 * and written anew, and the half that was being written is left to be read, complete to the last packet.
 */
import type { TakenOver } from '../model/change.js';
import type { FirewallModel } from '../model/firewall.model.js';
import { flowSetNames, isFlowSet } from './flow-sets.js';
import { renderBlock } from './table.renderer.js';
import { TABLE } from './own-table.js';
import { tableLayout } from './table-layout.js';

export function renderTakeover({ objects }: TakenOver, model: FirewallModel): string {
  const { sets, chains } = tableLayout(model);
  const commands = [
    `flush table ${TABLE}`,
    ...objects.maps.map((name) => `delete map ${TABLE} ${name}`),
    ...objects.chains.map((name) => `delete chain ${TABLE} ${name}`),
    ...objects.sets.filter((name) => !isFlowSet(name)).map((name) => `delete set ${TABLE} ${name}`),
    ...flowSetNames(model.half).map((name) => `flush set ${TABLE} ${name}`),
  ];
  const rest = { sets: new Map([...sets].filter(([name]) => !isFlowSet(name))), chains };
  return `${commands.join('\n')}\n${renderBlock(rest, [])}`;
}
