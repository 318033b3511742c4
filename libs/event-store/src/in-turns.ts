/**
 * What one process of a service does at a time: reading through a durable, where each of two readers would take what the other was given
 * for done; or all of its work, where two would decide on what the other has just changed. Another process stands by, and takes over
 * when the first one's database session ends. Who lost its turn ends at once all that it began in it.
 */
import { retrying } from '@ringfence/retrying';
import type { EventStore } from './event-store.js';
import { oneAtATime } from './one-at-a-time.js';
import type { OneAtATime } from './one-at-a-time.js';
import { turnToWrite } from './turn.js';

const LONGEST_PAUSE_MS = 1_000;
const STANDS_BY = 'another process writes: this one waits for its turn';
const WAITS = 'it waits for its turn';

type Release = () => Promise<void> | void;

/** For what is begun in it; in the words of service-host's `HostContext`. */
export interface OwnTurn {
  /** One after the other, and not when the turn is lost: another process may write by then. */
  readonly oneAtATime: OneAtATime;
  /** Aborted when the turn is over. */
  readonly signal: AbortSignal;
  /** Called then in reverse order of registration, each awaited. */
  onShutdown(release: Release): void;
}

export interface Turns {
  /** True while the work goes on; else in words why not. */
  state(): true | string;
  close(): Promise<void>;
}

/** `begin` in this process's turn, and again in its next one. */
export function inTurns(
  store: Pick<EventStore, 'pool'>,
  begin: (turn: OwnTurn) => Promise<void>,
  onError: (error: unknown) => void,
): Turns {
  const closing = new AbortController();
  const { signal } = closing;
  let state: true | string = WAITS;
  const take = async (): Promise<void> => {
    const turn = await turnToWrite(store, signal, () => (state = STANDS_BY));
    if (turn === null) return;
    const own = ownTurn(turn.lost, signal);
    try {
      await begin(own);
      state = true;
      await aborted(own.signal);
    } finally {
      state = WAITS;
      await own.end(onError);
      turn.release();
    }
  };
  const running = (async () => {
    while (!signal.aborted) await retrying(take, { signal, onError, longestPauseMs: LONGEST_PAUSE_MS });
  })();
  return {
    state: () => state,
    close: async () => {
      closing.abort();
      await running;
    },
  };
}

/** The turn was lost; nothing was done. `code` as Postgres says that another was faster: worth another try. */
class TurnLost extends Error {
  override readonly name = 'TurnLost';
  readonly code = '40001';
  constructor() {
    super('the turn of this process is over: another one of its service may write');
  }
}

function ownTurn(
  lost: Promise<void>,
  closing: AbortSignal,
): OwnTurn & { end(onError: (error: unknown) => void): Promise<void> } {
  const over = new AbortController();
  const releases: Release[] = [];
  const queue = oneAtATime();
  void lost.then(() => over.abort());
  return {
    oneAtATime: (work) =>
      queue(async () => {
        if (over.signal.aborted) throw new TurnLost();
        return work();
      }),
    signal: AbortSignal.any([closing, over.signal]),
    onShutdown: (release) => void releases.push(release),
    end: async (onError) => {
      for (const release of releases.reverse()) await attempt(release, onError);
      // What is under way is finished before another process may write.
      await queue(async () => undefined);
    },
  };
}

async function attempt(release: Release, onError: (error: unknown) => void): Promise<void> {
  try {
    await release();
  } catch (error) {
    onError(error);
  }
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
