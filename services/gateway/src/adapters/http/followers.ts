/**
 * Server-sent events for those who follow along: new flow rows (asked of flow-ingest once a second, however many follow) and new policy
 * versions. Bounded: so many followers, and one who reads too slowly is let go.
 */
import type { Bus } from '@ringfence/bus';
import { pause } from '@ringfence/retrying';
import { refuse } from '../../domain/refusal.js';
import { recentFlows } from '../answers/recent-flows.client.js';

const FOLLOWERS = 50;
const POLL_MS = 1_000;
/** Messages that wait for one follower. */
const BACKLOG = 200;
const KEEP_ALIVE_MS = 15_000;

export interface Followers {
  /** The follower's messages, ready to be written; ends when the follower is too slow or the process ends. */
  follow(signal: AbortSignal): AsyncIterable<string>;
  publish(event: string, data: unknown): void;
  count(): number;
  close(): void;
}

interface Follower {
  readonly waiting: string[];
  wake: () => void;
  isGone: boolean;
}

export function followers(bus: Bus, onError: (error: unknown) => void): Followers {
  const present = new Set<Follower>();
  const publish = (event: string, data: unknown): void => {
    const message = `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
    for (const follower of present) {
      if (follower.waiting.length >= BACKLOG) follower.isGone = true;
      else follower.waiting.push(message);
      follower.wake();
    }
  };
  let polling: AbortController | undefined;
  const leave = (follower: Follower): void => {
    follower.isGone = true;
    follower.wake();
    present.delete(follower);
    if (present.size > 0) return;
    polling?.abort();
    polling = undefined;
  };

  return {
    follow: (signal) => {
      if (present.size >= FOLLOWERS)
        throw refuse('too_many_requests_error', `${String(FOLLOWERS)} followers are connected already`);
      const follower: Follower = { waiting: [], wake: () => undefined, isGone: false };
      present.add(follower);
      // Also of one who went before the first word was read.
      signal.addEventListener('abort', () => leave(follower), { once: true });
      if (polling === undefined) {
        polling = new AbortController();
        void pollFlows(bus, publish, onError, polling.signal);
      }
      return messages(follower, () => leave(follower));
    },
    publish,
    count: () => present.size,
    close: () => [...present].forEach(leave),
  };
}

async function* messages(follower: Follower, leave: () => void): AsyncIterable<string> {
  try {
    yield 'event: hello\ndata: {}\n\n';
    while (!follower.isGone) {
      const message = follower.waiting.shift();
      if (message !== undefined) yield message;
      else if (!(await woken(follower))) yield ': still here\n\n';
    }
  } finally {
    leave();
  }
}

async function pollFlows(
  bus: Bus,
  publish: Followers['publish'],
  onError: (error: unknown) => void,
  signal: AbortSignal,
): Promise<void> {
  let cursor = '';
  while (!signal.aborted) {
    try {
      const page = await recentFlows(bus, cursor);
      // The first answer only tells where "now" is.
      if (cursor !== '' && page.flows.length > 0) publish('flows', page.flows);
      if (page.missed > 0) publish('missed', { flows: page.missed });
      cursor = page.cursor;
    } catch (error) {
      onError(error);
    }
    await pause(POLL_MS, signal);
  }
}

/** False: nothing came for a while. */
function woken(follower: Follower): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), KEEP_ALIVE_MS);
    follower.wake = () => {
      clearTimeout(timer);
      resolve(true);
    };
  });
}
