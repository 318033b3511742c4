/** What every part of the control plane says of its health, and inventory of the clusters; asked seldom, however often it is read. */
import type { Bus } from '@ringfence/bus';
import { CALLS, HEALTH_CALLS } from '@ringfence/contracts';
import type { z } from 'zod';
import type { Parts } from '../domain/whole-health.js';

/** Health is read by anybody: one round of questions serves everybody for this long. */
const FRESH_MS = 2_000;

type Standing = z.output<(typeof CALLS)['standing']['response']>['clusters'][number];
export interface HeardParts extends Parts {
  readonly clusters: readonly Standing[];
}
export type PartsHealth = () => Promise<HeardParts>;

export function partsHealth(bus: Bus, own: () => readonly string[]): PartsHealth {
  let asked: { at: number; parts: Promise<HeardParts> } | undefined;
  return () => {
    if (asked === undefined || Date.now() - asked.at >= FRESH_MS)
      asked = { at: Date.now(), parts: ask(bus, own) };
    return asked.parts;
  };
}

async function ask(bus: Bus, own: () => readonly string[]): Promise<HeardParts> {
  const services = HEALTH_CALLS.map(async (call) => [call.service, await missingOf(bus, call)] as const);
  const clusters = bus.call(CALLS.standing, {}).then(
    (standing) => standing.clusters,
    // Inventory's own line says that it does not answer.
    (): Standing[] => [],
  );
  const missing = Object.fromEntries([['gateway', own()] as const, ...(await Promise.all(services))]);
  return { missing, clusters: await clusters };
}

async function missingOf(bus: Bus, call: (typeof HEALTH_CALLS)[number]): Promise<readonly string[]> {
  try {
    return (await bus.call(call, {})).missing;
  } catch {
    return ['does not answer'];
  }
}
