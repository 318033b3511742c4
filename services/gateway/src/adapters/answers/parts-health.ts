/** What every part of the control plane says of its health, and inventory of the clusters; asked seldom, however often it is read. */
import type { Bus } from '@ringfence/bus';
import { CALLS, HEALTH_CALLS } from '@ringfence/contracts';
import type { z } from 'zod';
import type { Parts, ServiceWord } from '../../domain/whole-health.js';

/** Health is read by anybody: one round of questions serves everybody for this long. */
const FRESH_MS = 2_000;

type Standing = z.output<(typeof CALLS)['standing']['response']>['clusters'][number];
export interface HeardParts extends Parts {
  readonly clusters: readonly Standing[];
}
export type PartsHealth = () => Promise<HeardParts>;

export function partsHealth(bus: Bus, own: () => ServiceWord): PartsHealth {
  let asked: { at: number; parts: Promise<HeardParts> } | undefined;
  return () => {
    if (asked === undefined || Date.now() - asked.at >= FRESH_MS)
      asked = { at: Date.now(), parts: ask(bus, own) };
    return asked.parts;
  };
}

async function ask(bus: Bus, own: () => ServiceWord): Promise<HeardParts> {
  const services = HEALTH_CALLS.map(async (call) => [call.service, await wordOf(bus, call)] as const);
  const clusters = bus.call(CALLS.standing, {}).then(
    (standing) => standing.clusters,
    // Inventory's own line says that it does not answer.
    (): Standing[] => [],
  );
  const said = Object.fromEntries([['gateway', own()] as const, ...(await Promise.all(services))]);
  return { services: said, clusters: await clusters };
}

async function wordOf(bus: Bus, call: (typeof HEALTH_CALLS)[number]): Promise<ServiceWord> {
  try {
    const { missing, alarms = [] } = await bus.call(call, {});
    return { missing, alarms };
  } catch {
    return { missing: ['does not answer'], alarms: [] };
  }
}
