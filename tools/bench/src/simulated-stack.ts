/**
 * The local stack without kernels, for what is measured of its services: its simulated agents have paired, told their Pods and
 * ended, and the benchmark speaks in their place, each node with its own credential.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectBus, nodeInbox } from '@ringfence/bus';
import type { Bus } from '@ringfence/bus';
import { VERSION } from '@ringfence/contracts';
import type { Endpoint, NodeView } from '@ringfence/contracts';
import { askForView } from '@ringfence/edge';
import { ensureDatabase } from '@ringfence/event-store';
import { freePort, parseOptions, processorTimeMs, Progress, simulatedCredential, Stack } from '@ringfence/up';
import type { Processes, RingfenceApi } from '@ringfence/up';
import { DataSource } from 'typeorm';
import { ms } from './measure.js';
import type { Figure } from './measure.js';

const NODES = 8;
const DONE_WITHIN_MS = 300_000;
const LOOK_EVERY_MS = 20;

/** What speaks as one node. */
export interface Voice {
  readonly cluster: string;
  readonly node: string;
  readonly bus: Bus;
  readonly revision: number;
  /** On this node. */
  readonly pods: readonly Endpoint[];
}

export interface SimulatedStack {
  readonly processes: Processes;
  readonly api: RingfenceApi;
  readonly voices: readonly Voice[];
  /** In a service's database. */
  count(service: string, sql: string, values: readonly unknown[]): Promise<number>;
}

/** Ends the stack however the work ends. */
export async function withSimulatedStack(work: (stack: SimulatedStack) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'ringfence-bench-'));
  const argv = [
    '--simulate',
    '--nodes',
    String(NODES),
    '--data',
    directory,
    '--port',
    String(await freePort()),
  ];
  const options = parseOptions(argv, directory);
  if (options === 'help') throw new Error('unreachable');
  const stack = new Stack(options, new Progress(() => undefined), () => undefined);
  const ended = new AbortController();
  const closing: (() => Promise<void>)[] = [];
  try {
    const { sandbox, pairing, api } = await stack.start();
    await stack.processes.get('cven-simulated').stop();
    const voices: Voice[] = [];
    for (const node of sandbox.nodes) {
      const credential = simulatedCredential(node, {
        ...{ clasUrl: pairing.clasUrl, caFile: pairing.caFile, pairingKey: pairing.key },
        ...{ version: VERSION, signal: ended.signal },
      });
      const { cluster, name, natsUrl } = await credential.obtain();
      const bus = await connectBus({
        ...{
          servers: natsUrl,
          name,
          server: 'cluster',
          caFile: pairing.caFile,
          inboxPrefix: nodeInbox(name),
        },
        credentials: () => credential.current(),
      });
      closing.push(() => bus.close());
      const view = await askForView(bus, name);
      voices.push({ cluster, node: name, bus, revision: view.revision, pods: podsOn(name, view) });
    }
    const databases = databasesOf(stack.processes);
    closing.push(() => databases.close());
    await work({ processes: stack.processes, api, voices, count: databases.count });
  } finally {
    ended.abort();
    for (const close of closing) await close();
    await stack.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

const podsOn = (node: string, { endpoints }: NodeView): Endpoint[] =>
  endpoints.upsert.filter((each) => each.class === 'pod' && each.node === node);

function databasesOf(processes: Processes): Pick<SimulatedStack, 'count'> & { close(): Promise<void> } {
  const open = new Map<string, DataSource>();
  const of = async (service: string): Promise<DataSource> => {
    const found = open.get(service);
    if (found !== undefined) return found;
    const server = processes.get(service).spec.env?.['DATABASE_URL'] ?? '';
    const url = await ensureDatabase(server, service);
    const source = await new DataSource({ type: 'postgres', url }).initialize();
    open.set(service, source);
    return source;
  };
  return {
    count: async (service, sql, values) => {
      const rows = (await (await of(service)).query(sql, [...values])) as { readonly count: string }[];
      return Number(rows[0]?.count);
    },
    close: async () => {
      for (const source of open.values()) await source.destroy();
    },
  };
}

export interface Passage {
  /** What is sent: `acks`. */
  readonly what: string;
  readonly messages: number;
  /** Sends the n-th. */
  send(n: number): Promise<unknown>;
  /** Whether the last of them is where they go. */
  hasArrived(): Promise<boolean>;
  /** Through which processes they go. */
  readonly through: readonly string[];
}

const AT_ONCE = 64;

/** Sent as fast as the server stores them, and waited for at the other end. */
export async function passage({ processes }: SimulatedStack, wanted: Passage): Promise<Figure[]> {
  const { what, messages, send, hasArrived, through } = wanted;
  const worked = (): number[] => through.map((name) => processorTimeMs(processes.get(name).pid ?? 0));
  const [before, begun] = [worked(), performance.now()];
  let next = 0;
  const sender = async (): Promise<void> => {
    for (let n = next++; n < messages; n = next++) await send(n);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, sender));
  const sent = performance.now() - begun;
  while (!(await hasArrived())) {
    if (performance.now() - begun > DONE_WITHIN_MS) throw new Error(`the ${what} did not arrive`);
    await sleep(LOOK_EVERY_MS);
  }
  const arrived = performance.now() - begun;
  const after = worked();
  return [
    { what: `${messages} ${what}`, value: `sent in ${ms(sent)}, arrived ${ms(arrived)} after the first` },
    { what: `${what} per second`, value: (messages / (arrived / 1_000)).toFixed(0) },
    ...through.map((name, index) => ({
      what: `processor time of ${name}`,
      value: `${ms(((after[index] ?? 0) - (before[index] ?? 0)) / messages)} for each`,
    })),
  ];
}
