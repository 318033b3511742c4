/** bench: flow batches of eight nodes through clas-cache to flow-ingest's rows: how many flows a second, and what a batch costs */
import { randomUUID } from 'node:crypto';
import { parseArgs } from 'node:util';
import { subjects } from '@ringfence/contracts';
import type { FlowBatch } from '@ringfence/contracts';
import { print } from './measure.js';
import { passage, withSimulatedStack } from './simulated-stack.js';
import type { SimulatedStack, Voice } from './simulated-stack.js';

const HELP = `npm run bench -- flows [--batches N] [--flows N] [--rounds N]

  --batches N   sent at once; at most what a cluster may say at once (400)
  --flows N     in each, between two Pods and different ports (100)
  --rounds N    it is measured so often (3)`;

const THROUGH = ['nats-cluster', 'clas-cache', 'nats-control', 'flow-ingest', 'postgres'];
const FIRST_PORT = 10_000;

interface Size {
  readonly batches: number;
  readonly flows: number;
}

function batchOf({ node, revision, pods }: Voice, all: readonly Voice[], flows: number): FlowBatch {
  const own = pods[0];
  const other = all.find((voice) => voice.node !== node && voice.pods.length > 0)?.pods[0] ?? own;
  if (own === undefined || other === undefined) throw new Error(`no Pod is on ${node}`);
  const at = new Date().toISOString();
  return {
    ...{ id: randomUUID(), node, revision, policyVersion: 0, from: at, to: at, overflow: 0 },
    reporters: [
      {
        ...{ id: own.id, mode: 'visibility_only' },
        flows: Array.from({ length: flows }, (_, n) => ({
          ...{ src: own.addresses[0] ?? '', dst: other.addresses[0] ?? '', direction: 'outbound', proto: 6 },
          ...{ port: FIRST_PORT + n, verdict: 'allowed', state: 'new', connections: 1, bytesOut: 500 },
          ...{ bytesIn: 500, rule: null, ruleClass: null },
        })),
      },
    ],
  };
}

async function measure(stack: SimulatedStack, { batches, flows }: Size): Promise<void> {
  const { voices, count } = stack;
  const speakers = voices.filter(({ pods }) => pods.length > 0);
  const written = (): Promise<number> =>
    count(
      'flow-ingest',
      'select coalesce(sum(out_connections), 0) as count from flows where port >= 10000',
      [],
    );
  const before = await written();
  const figures = await passage(stack, {
    ...{ what: 'batches', messages: batches, through: THROUGH },
    send: (n) => {
      const voice = speakers[n % speakers.length] as Voice;
      return voice.bus.publish(subjects.flow(voice.cluster, voice.node), batchOf(voice, voices, flows));
    },
    hasArrived: async () => (await written()) >= before + batches * flows,
  });
  print(`flow batches of ${flows} flows, of ${speakers.length} nodes, as they come`, figures);
}

const { values } = parseArgs({
  options: {
    batches: { type: 'string', default: '400' },
    flows: { type: 'string', default: '100' },
    rounds: { type: 'string', default: '3' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) console.log(HELP);
else {
  const size = { batches: Number(values.batches), flows: Number(values.flows) };
  await withSimulatedStack(async (stack) => {
    for (let round = 0; round < Number(values.rounds); round += 1) await measure(stack, size);
  });
}
