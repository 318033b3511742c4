/** REST says at which policy version enforcement stands beside the one asked for: as soon as it says so, the kernel does so. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  asked,
  gatedRoles,
  inForce,
  provision,
  removeNamespace,
  ruleSet,
  setMode,
  standing,
  untilInForce,
} from '../application.js';
import { api, connect, eventually, readyPod, stackProcess } from '../world.js';
import type { Outcome, Pod } from '../world.js';

const NAMESPACE = 'asked';
const scope = { app: 'asked', env: 'test' };
const PORT = 7600;
/** Two starts of a part, each as long as one takes on a busy machine. */
const BUSY_MS = 240_000;

describe('what REST says to be in force', () => {
  let server: Pod;
  let client: Pod;
  let rules: string;

  beforeAll(async () => {
    await gatedRoles(NAMESPACE, 'as', PORT, ['server', 'client']);
    rules = await ruleSet('asked', scope, [
      { from: { role: 'as-client' }, to: { role: 'as-server' }, port: PORT },
    ]);
    await provision('asked');
    server = await readyPod(NAMESPACE, 'server');
    client = await readyPod(NAMESPACE, 'client');
    await untilInForce(await asked());
  });
  afterAll(() => removeNamespace(NAMESPACE));

  const once = (): Promise<Outcome> => connect(client, server.address, PORT);
  const switchRule = async (isOn: boolean): Promise<void> => {
    await api.put(rules, { enabled: isOn });
    await provision(isOn ? 'on' : 'off');
  };

  it('is in the kernel: a version that was provisioned, at the first connection after it was said', async () => {
    for (const isOn of [false, true, false, true]) {
      await switchRule(isOn);
      await untilInForce(await asked());
      expect(await once()).toBe(isOn ? 'open' : 'dropped');
    }
  });

  it('is in the kernel: a mode, which makes no version', async () => {
    await switchRule(false);
    for (const mode of ['visibility_only', 'full'] as const) {
      await setMode(NAMESPACE, mode);
      await untilInForce(await asked());
      expect(await once()).toBe(mode === 'full' ? 'dropped' : 'open');
    }
  });

  it.each(['policy-compute', 'clas-cache'])(
    'is never the version before, while what was provisioned is on its way through %s, which died',
    async (part) => {
      await switchRule(true);
      await untilInForce(await asked());
      const before = await standing();
      if (part === 'clas-cache') await stackProcess(part, 'kill');
      await switchRule(false);
      if (part !== 'clas-cache') await stackProcess(part, 'kill');
      const now = await standing();
      // policy-compute may have handed it on before it died; then nobody can say what is asked.
      if (part === 'clas-cache') expect(now.in_force_version).toBe(before.in_force_version);
      expect(inForce(now, now), JSON.stringify(now)).toBe(false);
      await stackProcess(part, 'start');
      await untilInForce(await asked());
      expect(await once()).toBe('dropped');
    },
    BUSY_MS,
  );

  it('is the mode that was asked for while clas-cache was away, within seconds of its start', async () => {
    await setMode(NAMESPACE, 'visibility_only');
    await untilInForce(await asked());
    expect(await once()).toBe('open');
    await stackProcess('clas-cache', 'kill');
    await setMode(NAMESPACE, 'full');
    const wanted = await asked();
    await stackProcess('clas-cache', 'start');
    const readyAt = Date.now();
    const isClosed = async () => (await connect(client, server.address, PORT, 1_000)) === 'dropped';
    await eventually('the namespace is closed', isClosed);
    const seconds = (Date.now() - readyAt) / 1_000;
    console.info(`closed ${seconds.toFixed(1)} s after clas-cache was ready again`);
    await untilInForce(wanted);
    expect(seconds).toBeLessThan(CLOSED_WITHIN_S);
  });
});

/** An agent is nudged as soon as clas-cache is in sync; one that misses that hears of it after its next heartbeat, 5 s later. */
const CLOSED_WITHIN_S = 8;
