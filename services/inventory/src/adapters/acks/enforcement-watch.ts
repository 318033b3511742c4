/**
 * What time alone decides: a clas-cache that is not heard any more is an alarm of its cluster, because nobody knows what is
 * in force there. The gauge is set here too, for every cluster and reason.
 */
import type { BusMetrics } from '@ringfence/bus';
import type { OneAtATime } from '@ringfence/event-store';
import { isUnheard } from '../../domain/cluster-status.calculator.js';
import { alarmChanges } from '../../domain/enforcement-alarms.calculator.js';
import type { Alarm } from '../../domain/enforcement-alarms.calculator.js';
import { openAlarms } from '../../read/enforcement.js';
import { namedStandings } from './cluster-standings.js';
import type { NamedStanding, StandingParts } from './cluster-standings.js';
import { looking } from '../looking.js';
import type { Looking } from '../looking.js';
import { changeAlarms, writeAlarms } from './enforcement-alarms.js';

const LOOK_EVERY_MS = 5_000;
const NOT_HEARD = 'clas_cache_silent';

export interface WatchParts extends StandingParts {
  readonly oneAtATime: OneAtATime;
  readonly gauge: ReturnType<NonNullable<BusMetrics['gauge']>>;
  readonly onError: (error: unknown) => void;
}

export function watchEnforcement(parts: WatchParts): Looking {
  const shown = new Set<string>();
  return looking(() => lookOnce(parts, shown), LOOK_EVERY_MS, parts.onError);
}

async function lookOnce(parts: WatchParts, shown: Set<string>): Promise<void> {
  const standings = await namedStandings(parts);
  const hearing = parts.listening.hearing();
  const isSilent = ({ standing }: NamedStanding): boolean =>
    isUnheard(standing, hearing, parts.silence.pulseMs);
  show(parts, shown, new Map(standings.flatMap((named) => countsOf(named, isSilent(named)))));
  for (const named of standings) await parts.oneAtATime(() => changeSilence(parts, named, isSilent(named)));
}

function countsOf({ id, standing }: NamedStanding, isSilent: boolean): (readonly [string, number])[] {
  if (standing === null) return [];
  const silence = isSilent ? [[`${id} ${NOT_HEARD}`, standing.places] as const] : [];
  return [...silence, ...standing.reasons.map(({ token, count }) => [`${id} ${token}`, count] as const)];
}

/** A reason that is not named any more counts none. */
function show({ gauge }: WatchParts, shown: Set<string>, counts: ReadonlyMap<string, number>): void {
  for (const key of counts.keys()) shown.add(key);
  for (const key of shown) {
    const [cluster = '', reason = ''] = key.split(' ');
    gauge.set(counts.get(key) ?? 0, { cluster, reason });
  }
}

async function changeSilence({ store }: WatchParts, named: NamedStanding, isSilent: boolean): Promise<void> {
  const open = (await openAlarms(store.entities, named.id)).filter(({ scope }) => scope === 'cluster');
  const changes = alarmChanges(open, isSilent ? [silenceOf(named)] : []);
  await store.transaction(async (tx) => {
    await writeAlarms(store, tx, changes);
    // Nodes that are gone took what was said of them along.
    await changeAlarms(store, tx, named.id);
  });
}

const silenceOf = ({ id, name, health, standing }: NamedStanding): Alarm => ({
  ...{ cluster: id, scope: 'cluster', id, name, namespace: null, places: [] },
  since: (standing?.heardAt ?? new Date(0)).toISOString(),
  count: standing?.places ?? 0,
  reasons: [{ token: NOT_HEARD, message: health.message }],
});
