/** One address that leaves a table of 64,000 and comes back: through the agent's helper, and with a spawned `nft`. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { changeBetween, renderChange, renderTable } from '@ringfence/firewall';
import type { FirewallModel } from '@ringfence/firewall';
import { openKernelBed } from './kernel-bed.js';
import type { KernelBed } from './kernel-bed.js';
import { addresses, thousandGroups, withoutAddress } from './kernel-tables.js';
import { print, spread } from './measure.js';

const TIMES = 100;
const HELPER = '../../../services/cven/dist/kernel/nftables/helper/helper.process.js';

export async function elementChanges(): Promise<void> {
  const bed = openKernelBed(99);
  const helper = fork(fileURLToPath(new URL(HELPER, import.meta.url)), [], { serialization: 'advanced' });
  try {
    const apply = async (script: string): Promise<number> => {
      helper.send({ id: 1, operation: 'run', netns: bed.pod, argument: script });
      const [answer] = (await once(helper, 'message')) as [
        { ok: boolean; value: { ms: number }; message?: string },
      ];
      if (!answer.ok) throw new Error(answer.message);
      return answer.value.ms;
    };
    const all = thousandGroups();
    const models = [all, withoutAddress(all, addresses().at(-1) ?? '')] as const;
    await apply(renderTable(models[0]));
    const took = { leaves: [] as number[], comes: [] as number[], computed: [] as number[] };
    let current: FirewallModel = models[0];
    for (let i = 0; i < 2 * TIMES; i += 1) {
      const begun = performance.now();
      const change = changeBetween(current, { ...models[(i + 1) % 2 === 0 ? 0 : 1] });
      if (change === 'nothing') throw new Error('expected a change');
      const script = renderChange(change);
      took.computed.push(performance.now() - begun);
      (i % 2 === 0 ? took.leaves : took.comes).push(await apply(script));
      current = change.model;
    }
    print('One address of 64,000 in the table of 1,000 groups', [
      { what: 'in the helper: it comes', value: spread(took.comes) },
      { what: 'in the helper: it leaves, and every connection is judged again', value: spread(took.leaves) },
      { what: 'worked out by the agent', value: spread(took.computed) },
      { what: 'for comparison: a spawned nft', value: spread(spawned(bed)) },
    ]);
  } finally {
    helper.disconnect();
    bed.close();
  }
}

function spawned(bed: KernelBed): number[] {
  bed.inPod(['nft', 'add table inet other; add set inet other allowed { type ipv4_addr; }']);
  return Array.from({ length: TIMES }, () => {
    const begun = performance.now();
    bed.inPod(['nft', 'add element inet other allowed { 10.0.0.1 }']);
    const took = performance.now() - begun;
    bed.inPod(['nft', 'delete element inet other allowed { 10.0.0.1 }']);
    return took;
  });
}
