/**
 * `rewind`: a service does again what it did since then. What it reads: its durables are made anew, and what its streams still keep
 * is read again; effects are known by their ids or positions, so nothing is doubled. What it says: its relay publishes its events
 * again, for a NATS server that lost its files.
 */
import { connectBus, credsFile, serviceInbox } from '@ringfence/bus';
import type { Bus } from '@ringfence/bus';
import { lastPosition, relayed, rewindRelay } from '@ringfence/event-store';
import { EXIT, Failure, withFilledDatabase } from '../task.js';
import type { Perform, Task } from '../task.js';
import { watch } from '../watch.js';

export interface RewindFlags {
  readonly said?: boolean;
  readonly from?: number;
  readonly since?: Date;
}

export const rewind = ({ said, from = 0, since }: RewindFlags): Perform =>
  said === true ? saysAgain(from) : readsAgain(since);

const saysAgain =
  (from: number): Perform =>
  (task) =>
    withFilledDatabase(task, async ({ pool }) => {
      const { service } = task.service.database;
      await rewindRelay(pool, service, from);
      const isDone = await watch(task, async () => {
        const [position, upto] = [await relayed(pool, service), await lastPosition(pool)];
        return { words: `published up to ${position} of ${upto}`, isDone: position === upto };
      });
      task.write(isDone ? `${service} has published again from ${from}\n` : `${service} goes on by itself\n`);
    });

const readsAgain =
  (since: Date | undefined): Perform =>
  (task) => {
    const { service, consumes } = task.service.manifest;
    const durables = consumes.filter(({ mode }) => mode === 'durable');
    if (durables.length === 0)
      throw new Failure(
        EXIT.failed,
        `${service} reads the latest of everything at each start: start it anew`,
      );
    return withBus(task, async (bus) => {
      for (const each of durables) await bus.rewind(each, since);
      const isDone = await watch(task, async () => {
        const waiting = await Promise.all(durables.map((each) => bus.waiting(each)));
        const all = waiting.reduce((sum, each) => sum + each, 0);
        return { words: `${all} messages wait to be read`, isDone: all === 0 };
      });
      task.write(isDone ? `${service} has read its streams again\n` : `${service} goes on by itself\n`);
    });
  };

async function withBus({ env, signal, service }: Task, work: (bus: Bus) => Promise<void>): Promise<void> {
  const { NATS_URL: servers, NATS_CREDS: creds, RINGFENCE_CA: caFile } = env;
  if (!servers) throw new Failure(EXIT.usage, 'NATS_URL is not set: give what the service is given');
  const name = service.manifest.service;
  const bus = await connectBus({
    ...{ servers, name, server: 'control', caFile, signal },
    ...(creds && { credentials: credsFile(creds), inboxPrefix: serviceInbox(name) }),
  });
  try {
    await work(bus);
  } finally {
    await bus.close();
  }
}
