/** bench: acknowledgements and heartbeats of eight nodes through clas-cache to inventory's rows: how many a second, and what each costs */
import { randomUUID } from 'node:crypto';
import { parseArgs } from 'node:util';
import { subjects, VERSION } from '@ringfence/contracts';
import type { AgentHeartbeat, NodeAck } from '@ringfence/contracts';
import { print } from './measure.js';
import { passage, withSimulatedStack } from './simulated-stack.js';
import type { SimulatedStack, Voice } from './simulated-stack.js';

const HELP = `npm run bench -- acks [--messages N] [--rounds N]

  --messages N   of each kind, sent at once; at most what a cluster may say at once (1000)
  --rounds N     each is measured so often (3)`;

const THROUGH = ['nats-cluster', 'clas-cache', 'nats-control', 'inventory', 'postgres'];
const boot = randomUUID();

/** Every second one names all Pods of the node, the others none: each is news. */
const ackOf = ({ node, revision, pods }: Voice, n: number, at: string): NodeAck => ({
  ...{ node, bootId: boot, revision, at, applyMs: 1, failed: [] },
  pods: n % 2 === 0 ? pods.map(({ id }) => id) : [],
});

const beatOf = ({ node, revision, pods }: Voice, observedAt: string): AgentHeartbeat => ({
  ...{ node, machineId: node, version: VERSION, addresses: ['10.99.0.1'], revision, pods: pods.length },
  ...{ podsEnforced: pods.length, errors: [], observedAt, status: 'active', judging: true },
});

interface Lane {
  readonly what: string;
  say(voice: Voice, n: number, at: string): Promise<unknown>;
  /** How many nodes were heard with words of then or later. */
  readonly heard: string;
}

const LANES: readonly Lane[] = [
  {
    what: 'acks',
    say: (voice, n, at) => voice.bus.publish(subjects.ack(voice.cluster, voice.node), ackOf(voice, n, at)),
    heard: 'select count(*) from node_acks where acked_at >= $1',
  },
  {
    what: 'heartbeats',
    say: (voice, _, at) =>
      voice.bus.publish(subjects.heartbeat(voice.cluster, voice.node), beatOf(voice, at)),
    heard: 'select count(*) from agents where last_heartbeat >= $1',
  },
];

async function measure(stack: SimulatedStack, { what, say, heard }: Lane, messages: number): Promise<void> {
  const { voices, count } = stack;
  // The last word of each node is told apart by its time: the others are of a moment before.
  const [last, before] = [new Date(), new Date(Date.now() - 1_000)];
  const figures = await passage(stack, {
    ...{ what, messages, through: THROUGH },
    send: (n) => {
      const isLast = n >= messages - voices.length;
      return say(voices[n % voices.length] as Voice, n, (isLast ? last : before).toISOString());
    },
    hasArrived: async () => (await count('inventory', heard, [last])) === voices.length,
  });
  print(`${what} of ${voices.length} nodes, as they come`, figures);
}

const { values } = parseArgs({
  options: {
    messages: { type: 'string', default: '1000' },
    rounds: { type: 'string', default: '3' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) console.log(HELP);
else {
  await withSimulatedStack(async (stack) => {
    for (let round = 0; round < Number(values.rounds); round += 1)
      for (const lane of LANES) await measure(stack, lane, Number(values.messages));
  });
}
