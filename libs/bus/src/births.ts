/**
 * Streams that were made anew: their server lost what it kept, and whoever says what is so now must say it again. Looked at
 * whenever the connection is back, for no server loses its disk without losing its connections.
 */
import { onDemand } from '@ringfence/retrying';
import type { Subscription } from './bus.js';
import { keptIn } from './durable.js';
import type { Link } from './link.js';

/** A stream that is missing is made within moments, by whoever comes back first. */
const LONGEST_PAUSE_MS = 1_000;

/** From now on: the stream that is there at the first look is the one that others are compared with. */
export function watchBirth(link: Link, name: string, onMadeAnew: () => void): Subscription {
  const ended = new AbortController();
  let known: string | undefined;
  const look = async (): Promise<void> => {
    const { stream } = await keptIn(link, name);
    const isAnother = known !== undefined && known !== stream;
    known = stream;
    if (isAnother && !ended.signal.aborted) onMadeAnew();
  };
  const looking = onDemand(look, {
    signal: ended.signal,
    onError: () => undefined,
    longestPauseMs: LONGEST_PAUSE_MS,
  });
  const stopListening = link.onReconnect(looking.ask);
  const close = (): void => {
    stopListening();
    ended.abort();
  };
  void link.connection.closed().then(close);
  looking.ask();
  return { close };
}
