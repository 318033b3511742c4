/**
 * Asks a cluster what only it knows. The answer comes on a subject that is listened to for this one question alone, of
 * the cluster that the server knows the sender to be: a cluster can lie about itself and about nobody else, and what was
 * not asked for is not even delivered.
 */
import { randomUUID } from 'node:crypto';
import { subjects } from '@ringfence/contracts';
import type { Bus, Subscription } from './bus.js';

/** In words: nobody answered, or nobody was asked. */
export interface Unanswered {
  readonly kind: 'unanswered';
  readonly message: string;
}

export interface ClusterAsking<T> {
  readonly cluster: string;
  readonly question: unknown;
  /** Undefined: it cannot be read. */
  readonly read: (payload: unknown) => T | undefined;
  readonly deadlineMs: number;
  /** Whoever asks ends before the answer. */
  readonly signal?: AbortSignal;
}

export function askCluster<T>(
  bus: Bus,
  { cluster, question, read, deadlineMs, signal }: ClusterAsking<T>,
): Promise<T | Unanswered> {
  if (!bus.isConnected()) return Promise.resolve(unanswered('NATS is away'));
  const token = randomUUID().replaceAll('-', '');
  let listening: Subscription | undefined;
  let deadline: NodeJS.Timeout | undefined;
  let giveUp = (): void => undefined;
  return new Promise<T | Unanswered>((resolve) => {
    giveUp = () => resolve(unanswered('whoever asked has ended'));
    signal?.addEventListener('abort', giveUp, { once: true });
    deadline = setTimeout(
      () => resolve(unanswered(`cluster ${cluster} did not answer within ${deadlineMs / 1_000} s`)),
      deadlineMs,
    );
    listening = bus.subscribe(subjects.answer(cluster, token), ({ payload }) =>
      resolve(read(payload) ?? unanswered(`cluster ${cluster} gave no readable answer`)),
    );
    bus.send(subjects.question(cluster, token), question);
  }).finally(() => {
    signal?.removeEventListener('abort', giveUp);
    clearTimeout(deadline);
    listening?.close();
  });
}

export const unanswered = (message: string): Unanswered => ({ kind: 'unanswered', message });
