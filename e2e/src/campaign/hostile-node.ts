/**
 * A node whose credential is in an attacker's hands: it speaks for another node, unpairs it, invents its Pods, acknowledgements and flows,
 * names the stream's own commands as reply, and sends what nobody can parse. None of it may harm anybody else, or be believed.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Fault } from './faults.js';
import { HostileLine, poison } from './hostile-line.js';
import type { HostileMessage, StolenCredential } from './hostile-line.js';

export interface NodeVictim {
  readonly cluster: string;
  /** Whose credential was stolen, and whom it is used against. */
  readonly node: string;
  readonly victim: string;
  /** A Pod of the victim, if any: whose address is to be stolen. */
  pod():
    | { readonly uid: string; readonly name: string; readonly namespace: string; readonly address: string }
    | undefined;
  readonly dataDirectory: string;
}

const LASTING = { leastMs: 4_000, mostMs: 9_000 };
const FALSE_ADDRESS = '10.244.77.7';
const WEAPONS = ['FLOWS', 'ACKS', 'OBSERVATIONS', 'AGENTS', 'READINESS'].flatMap((stream) =>
  ['PURGE', 'DELETE'].map((verb) => `$JS.API.STREAM.${verb}.${stream}`),
);

export function hostileNode(options: NodeVictim): Fault {
  let line: HostileLine | undefined;
  return {
    ...{ name: `hostile ${options.node}`, subject: 'credential of a node', ...LASTING },
    begin: async () => {
      line = await HostileLine.open(() => stolenFrom(options));
      line.fire(() => volley(options));
    },
    end: () => line?.close(),
    healed: () => Promise.resolve(),
  };
}

/** Whatever files the agent keeps them in. */
function stolenFrom({ dataDirectory, node }: NodeVictim): StolenCredential {
  const directory = join(dataDirectory, 'edge', `cven-${node}`);
  const files = readdirSync(directory).filter((name) => name.endsWith('.json'));
  const found = files.map(
    (name) => JSON.parse(readFileSync(join(directory, name), 'utf8')) as Partial<StolenCredential>,
  );
  const one = Object.assign(
    {},
    ...found.filter((content) => 'jwt' in content || 'seed' in content),
  ) as Partial<StolenCredential>;
  if (one.jwt === undefined || one.seed === undefined || one.natsUrl === undefined)
    throw new Error(`no credential to steal in ${directory} (${files.join(', ')})`);
  return { natsUrl: one.natsUrl, jwt: one.jwt, seed: one.seed };
}

function volley(options: NodeVictim): HostileMessage[] {
  const { cluster, node, victim } = options;
  const own = (lane: string, kind: string): string => `${lane}.${cluster}.${kind}.${node}`;
  const theirs = (lane: string, kind: string): string => `${lane}.${cluster}.${kind}.${victim}`;
  const lies: [string, string, unknown][] = [
    ['agent', 'heartbeat', unpaired(victim)],
    ['obs', 'heartbeat', unpaired(victim)],
    ['ack', 'node', allDone(victim)],
    ['flow', 'batch', inventedFlows(options)],
  ];
  return [
    ...lies.flatMap(([lane, kind, payload]) => [
      { subject: theirs(lane, kind), payload },
      { subject: own(lane, kind), payload },
    ]),
    ...falseSandboxes(options, theirs('agent', 'sandboxes')),
    ...WEAPONS.map((reply) => ({ subject: own('ack', 'node'), payload: {}, reply })),
    ...WEAPONS.map((reply) => ({ subject: `cmd.clas-cache.node-snapshot.${node}`, payload: {}, reply })),
    { subject: own('flow', 'batch'), payload: poison() },
    { subject: own('ack', 'node'), payload: poison() },
  ];
}

const instant = (): string => new Date().toISOString();

function unpaired(node: string): object {
  return {
    ...{ node, machineId: '0', version: '0', addresses: [], revision: 0, pods: 0, podsEnforced: 0 },
    ...{ errors: [], observedAt: instant(), status: 'unpaired', judging: false },
  };
}

function allDone(node: string): object {
  return {
    node,
    bootId: 'hostile',
    revision: 1e9,
    at: instant(),
    applyMs: 0,
    pods: [],
    failed: [],
    notInForce: [],
  };
}

function falseSandboxes({ cluster, victim, pod }: NodeVictim, subject: string): HostileMessage[] {
  const target = pod();
  if (target === undefined) return [];
  const { uid: podUid, name, namespace } = target;
  const sandbox = { podUid, name, namespace, addresses: [FALSE_ADDRESS] };
  return [
    { subject: `obs.${cluster}.sandbox.${podUid}`, payload: { node: victim, at: instant(), ...sandbox } },
    { subject, payload: { bootId: 'hostile', sequence: 1e9, at: instant(), sandboxes: [sandbox] } },
  ];
}

/** A thousand connections to the shop that nobody made: they would be counted. */
function inventedFlows({ victim, pod }: NodeVictim): object {
  const target = pod();
  const at = instant();
  const flow = {
    ...{
      src: target?.address ?? FALSE_ADDRESS,
      dst: FALSE_ADDRESS,
      direction: 'outbound',
      proto: 6,
      port: 7300,
    },
    ...{
      verdict: 'allowed',
      state: 'new',
      connections: 1_000,
      bytesOut: 1,
      bytesIn: 1,
      rule: null,
      ruleClass: null,
    },
  };
  return {
    ...{
      id: `${victim}/hostile/${at}`,
      node: victim,
      revision: 1,
      policyVersion: 1,
      from: at,
      to: at,
      overflow: 0,
    },
    reporters: [{ id: target?.uid ?? victim, mode: 'full', flows: [flow] }],
  };
}
