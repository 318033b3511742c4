/**
 * A table that an earlier agent left → ours, in one transaction that keeps its flow sets: everything else in it is deleted
 * and written anew, and the half that was being written is left to be read, complete to the last packet.
 */
import type { Change } from './change.renderer.js';
import type { FirewallModel } from '../model/firewall.model.js';
import { nextGeneration } from '../model/firewall.model.js';
import type { Half } from './flow-sets.js';
import { flowSetNames, isFlowSet } from './flow-sets.js';
import { renderBlock } from './table.renderer.js';
import { TABLE } from './own-table.js';
import { tableLayout } from './table-layout.js';

/** Only where the flow sets and counters are declared as we declare them. */
export interface FoundObjects {
  readonly chains: readonly string[];
  readonly sets: readonly string[];
  readonly maps: readonly string[];
}

export interface TakenOver {
  readonly generation: number;
  /** The half that is being written; the other one is emptied and written from now on. */
  readonly half: Half;
  readonly objects: FoundObjects;
}

export function renderTakeover(
  { generation: before, half, objects }: TakenOver,
  desired: FirewallModel,
): Change {
  const generation = nextGeneration(before);
  const model: FirewallModel = { ...desired, generation, half: half === 0 ? 1 : 0 };
  const { sets, chains } = tableLayout(model);
  const commands = [
    `flush table ${TABLE}`,
    ...objects.maps.map((name) => `delete map ${TABLE} ${name}`),
    ...objects.chains.map((name) => `delete chain ${TABLE} ${name}`),
    ...objects.sets.filter((name) => !isFlowSet(name)).map((name) => `delete set ${TABLE} ${name}`),
    ...flowSetNames(model.half).map((name) => `flush set ${TABLE} ${name}`),
  ];
  const rest = { sets: new Map([...sets].filter(([name]) => !isFlowSet(name))), chains };
  return {
    kind: 'takeover',
    script: `${commands.join('\n')}\n${renderBlock(rest, [])}`,
    bump: true,
    clearMarks: generation < before,
    model,
  };
}
