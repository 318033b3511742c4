/** A service of which one process works at a time: it reads and answers in its turn only, and is not ready in another's. */
import type { EventStore } from './event-store.js';
import { inTurns } from './in-turns.js';
import type { OwnTurn } from './in-turns.js';

/** What it needs of a process; service-host's `HostContext` has this shape. */
export interface ServingProcess {
  readonly health: { require(name: string, isMet: () => true | string): void };
  readonly logger: Record<'warn', (details: object, message: string) => void>;
  readonly signal: AbortSignal;
}

/** Returns when this process serves for the first time: until then it stands by. Throws what stopped that, or when the process is to end. */
export async function serveInTurns(
  { health, logger, signal }: ServingProcess,
  store: Pick<EventStore, 'pool'>,
  serve: (turn: OwnTurn) => Promise<void>,
): Promise<{ drain(): Promise<void> }> {
  const first = firstTime(serve);
  const onError = (error: unknown): void =>
    logger.warn({ err: error }, 'a turn of this process did not begin or end well');
  const turns = inTurns(store, first.begin, onError);
  health.require('turn', turns.state);
  signal.addEventListener('abort', first.giveUp, { once: true });
  try {
    await first.begun;
  } catch (error) {
    await turns.close();
    throw error;
  }
  return { drain: turns.close };
}

function firstTime(serve: (turn: OwnTurn) => Promise<void>) {
  let settle: { resolve(): void; reject(error: unknown): void } | undefined;
  const begun = new Promise<void>((resolve, reject) => (settle = { resolve, reject }));
  return {
    begun,
    begin: async (turn: OwnTurn): Promise<void> => {
      try {
        await serve(turn);
        settle?.resolve();
      } catch (error) {
        // A turn that was lost meanwhile says nothing of the next one.
        if (!turn.signal.aborted) settle?.reject(error);
        throw error;
      }
    },
    giveUp: (): void => settle?.reject(new Error('the start was given up')),
  };
}
