/**
 * What a process of the stack holds. Resident memory and heap are what its own metrics say; a full collection is asked for
 * over Node's inspector, so that what is held can be told from what nobody has swept up yet.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Processes } from '@ringfence/up';
import { WebSocket } from 'undici';

export interface Memory {
  readonly resident: number;
  readonly heap: number;
  readonly external: number;
}

type Supervised = ReturnType<Processes['get']>;

const METRICS = {
  resident: 'process_resident_memory_bytes',
  heap: 'process_heap_used_bytes',
  external: 'process_external_memory_bytes',
} as const;
const ANSWER_WITHIN_MS = 10_000;
const COLLECTED_WITHIN_MS = 60_000;
const LOOK_EVERY_MS = 50;

/** In MB; undefined while it does not answer. */
export async function memoryOf(supervised: Supervised): Promise<Memory | undefined> {
  const metrics = await metricsOf(supervised);
  if (metrics === undefined) return undefined;
  const read = (name: string): number => (valuesOf(metrics, name)[0] ?? Number.NaN) / 1e6;
  return {
    resident: read(METRICS.resident),
    heap: read(METRICS.heap),
    external: read(METRICS.external),
  };
}

/** Messages that wait for it; undefined while it does not answer. */
export async function waitingFor(supervised: Supervised): Promise<number | undefined> {
  const metrics = await metricsOf(supervised);
  if (metrics === undefined) return undefined;
  return valuesOf(metrics, 'bus_consumer_lag').reduce((sum, lag) => sum + lag, 0);
}

async function metricsOf({ spec }: Supervised): Promise<string | undefined> {
  try {
    const url = new URL('/metrics', spec.readyUrl);
    return await (await fetch(url, { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) })).text();
  } catch {
    return undefined;
  }
}

function valuesOf(metrics: string, name: string): number[] {
  return [...metrics.matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)`, 'gm'))].map(([, value]) =>
    Number(value),
  );
}

/** Needs `--inspect-port=0` in the NODE_OPTIONS that the process was started with. */
export async function collectGarbage(supervised: Supervised): Promise<void> {
  const socket = new WebSocket(await inspectorOf(supervised));
  try {
    await new Promise<void>((resolve, reject) => {
      socket.onopen = () => socket.send(JSON.stringify({ id: 1, method: 'HeapProfiler.collectGarbage' }));
      socket.onmessage = () => resolve();
      socket.onerror = () => reject(new Error('the inspector does not answer'));
      setTimeout(() => reject(new Error('no collection in time')), COLLECTED_WITHIN_MS).unref();
    });
  } finally {
    socket.close();
  }
}

async function inspectorOf({ pid, logFile, spec }: Supervised): Promise<string> {
  if (pid === undefined) throw new Error(`${spec.name} does not run`);
  process.kill(pid, 'SIGUSR1');
  for (const begun = Date.now(); Date.now() - begun < ANSWER_WITHIN_MS; await sleep(LOOK_EVERY_MS)) {
    const url = [...readFileSync(logFile, 'utf8').matchAll(/Debugger listening on (\S+)/g)].at(-1)?.[1];
    if (url !== undefined) return url;
  }
  throw new Error(`${spec.name} opens no inspector`);
}
