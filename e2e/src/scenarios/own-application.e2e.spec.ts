/** Applications that nobody has prepared for Ringfence: each starts as it is, shows its calls, and is enforced without a rule by hand. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deployApplication, parseOptions, podsReady } from '@ringfence/up';
import type { Application, Manifest } from '@ringfence/up';
import { removeNamespace } from '../application.js';
import { ringfence } from '../command-line.js';
import { burst } from '../matrix/burst.js';
import type { Packet } from '../matrix/burst.js';
import { ownApplications } from '../own-applications.js';
import type { OwnApplication } from '../own-applications.js';
import { access, api, apply, clusterId, eventually, netnsOf, pods } from '../world.js';
import type { Pod } from '../world.js';

interface Edge {
  readonly from: string;
  readonly to: string;
  readonly port: string;
  readonly verdict: string;
  readonly rule: string;
}

const ELSEWHERE = 'alley';
const sandbox = { kubeconfig: access.kubeconfig };
const started = new Map<OwnApplication, Application>();
const folder = mkdtempSync(join(tmpdir(), 'ringfence-own-'));
const namespaces = ownApplications.flatMap((own) => own.namespaces);

/** All at once: what is slow in one of them does not hold up another. */
beforeAll(async () => {
  for (const own of ownApplications) {
    const options = parseOptions(own.words, folder);
    if (options === 'help') throw new Error('unreachable');
    started.set(own, await deployApplication({ options, api, sandbox, clusterId }));
  }
  await apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: ELSEWHERE } });
  await apply(...[ELSEWHERE, ...namespaces].map(intruder));
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  for (const namespace of [ELSEWHERE, ...namespaces]) await removeNamespace(namespace);
});

function intruder(namespace: string): Manifest {
  const spec = { terminationGracePeriodSeconds: 1, containers: [{ name: 'shell', image: 'busybox' }] };
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'intruder', namespace }, spec } as Manifest;
}

/** What was seen of all its namespaces since then, each edge once. */
async function edgesOf(own: OwnApplication, since: string): Promise<Map<string, Edge>> {
  const found = new Map<string, Edge>();
  for (const namespace of own.namespaces) {
    const words = ['map', '-n', namespace, '--by', 'workload', '--since', since, '-o', 'json'];
    for (const edge of JSON.parse(await ringfence(...words)) as Edge[])
      found.set(`${edge.from} ${edge.to} ${edge.port}`, edge);
  }
  return found;
}

/** A Pod of each whom somebody calls, and the port. */
async function calledOnes(own: OwnApplication): Promise<{ pod: Pod; port: number }[]> {
  const there = await Promise.all(own.namespaces.map(async (each) => [each, await pods(each)] as const));
  const byNamespace = new Map(there);
  return [...new Set(own.calls.map((call) => call.replace(/^\S+ /, '')))].map((called) => {
    const [, namespace = '', name = '', port] = /^(\S+)\/(\S+) (\d+)/.exec(called) ?? [];
    const made = new RegExp(`^${name}(-[a-z0-9]{8,10}-[a-z0-9]{5}|-\\d+)$`);
    return { pod: byNamespace.get(namespace)!.find((pod) => made.test(pod.name))!, port: Number(port) };
  });
}

async function intruderOf(namespace: string): Promise<Pod> {
  return (await pods(namespace)).find(({ name }) => name === 'intruder')!;
}

describe.each(ownApplications)('$what', (own) => {
  /** Since when all of it has been running. */
  let running = '';

  it('starts without a change, and says what the cluster did not take and what was made for it', () => {
    const { ignored, made } = started.get(own)!.outcome;
    expect(ignored.map(({ object, why }) => `${object}: ${why}`).sort()).toEqual(own.ignored);
    expect(
      made
        .map(
          ({ manifest: { kind, metadata }, maker }) =>
            `${kind} ${metadata.namespace}/${metadata.name} as ${maker}`,
        )
        .sort(),
    ).toEqual(own.made);
  });

  it('has all its Pods ready, however slow their probes are', async () => {
    await podsReady({ sandbox, application: started.get(own)! });
    running = new Date().toISOString();
  });

  it('shows the calls that its settings speak of, and no others', async () => {
    let seen: string[] = [];
    await eventually(
      'all calls',
      async () => {
        seen = [...(await edgesOf(own, running)).keys()];
        const missing = own.calls.filter((call) => !seen.includes(call));
        if (missing.length > 0) throw new Error(`not seen: ${missing.join(', ')}`);
        return true;
      },
      60_000,
    );
    expect(seen.sort()).toEqual(own.calls);
  });

  it('gets its rules from what was seen, shown before they are stored', async () => {
    for (const namespace of own.namespaces) {
      const file = join(folder, `${namespace}.yaml`);
      expect(await ringfence('policy', 'suggest', namespace, '--since', running, '-o', file)).not.toContain(
        'still blocked',
      );
      expect(existsSync(file)).toBe(true);
      await expect(ringfence('policy', 'diff', '-f', file)).rejects.toMatchObject({ code: 1 });
      await ringfence('policy', 'apply', '-f', file, '--provision');
      expect(await ringfence('policy', 'diff', '-f', file)).toContain('Nothing would change');
    }
  });

  it('makes all its calls in full enforcement, with all its Pods ready', async () => {
    for (const namespace of own.namespaces) {
      const dryRun = ringfence('mode', namespace, 'full', '--dry-run', '--since', running);
      expect(await dryRun).toContain('would change nothing');
      await ringfence('mode', namespace, 'full');
    }
    let seen = new Map<string, Edge>();
    await eventually(
      'every call allowed by a rule',
      async () => {
        seen = await edgesOf(own, running);
        const open = own.calls.filter((call) => !isByRule(seen.get(call)!));
        if (open.length > 0) throw new Error(`not allowed by a rule: ${open.join(', ')}`);
        return true;
      },
      60_000,
    );
    expect([...seen.values()].filter(({ verdict }) => verdict !== 'allowed')).toEqual([]);
    await podsReady({ sandbox, application: started.get(own)! });
  });

  it('is closed to a Pod of another namespace, and to a foreign one inside', async () => {
    const called = await calledOnes(own);
    const packets = called.map(({ pod, port }): Packet => ({ proto: 6, host: pod.address, port }));
    const fates = await Promise.all(
      [ELSEWHERE, ...own.namespaces].map(async (namespace) => {
        const { address } = await intruderOf(namespace);
        return [namespace, await burst(await netnsOf(address), packets)] as const;
      }),
    );
    for (const [namespace, each] of fates) expect(each, namespace).toEqual(called.map(() => 'dropped'));
  });
});

const isByRule = ({ verdict, rule }: Edge): boolean => verdict === 'allowed' && rule !== 'visibility only';
