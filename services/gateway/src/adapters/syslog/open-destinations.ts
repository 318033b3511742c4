/** The destinations as they are written, each with its sender: one whose server is the same keeps it, and what waits in it. */
import { isDeepStrictEqual } from 'node:util';
import type { EventSettings, SyslogDestination } from '@ringfence/contracts';
import { oneAtATime } from '@ringfence/event-store';
import type { EntityManager } from 'typeorm';
import { eventSettings } from '../../read/event-settings.js';
import { listDestinations } from './destinations.store.js';
import type { Sender } from './syslog-sender.js';

export interface Open {
  readonly destination: SyslogDestination;
  readonly sender: Sender;
}

export interface OpenDestinations {
  all(): readonly Open[];
  format(): EventSettings['format'];
  /** What was written since holds from then on. */
  look(): Promise<void>;
  close(): Promise<void>;
}

export function openDestinations(
  entities: EntityManager,
  senderOf: (destination: SyslogDestination) => Sender,
): OpenDestinations {
  const inTurn = oneAtATime();
  let format: EventSettings['format'] = 'JSON';
  let open: readonly Open[] = [];
  const reload = async (): Promise<void> => {
    ({ format } = await eventSettings.get(entities));
    const before = open;
    open = (await listDestinations(entities)).map((destination) => ({
      destination,
      sender: before.find((one) => isSame(one.destination, destination))?.sender ?? senderOf(destination),
    }));
    const kept = new Set(open.map(({ sender }) => sender));
    await closeAll(before.filter(({ sender }) => !kept.has(sender)));
  };
  return {
    all: () => open,
    format: () => format,
    look: () => inTurn(reload),
    close: () => inTurn(() => closeAll(open)),
  };
}

const isSame = (one: SyslogDestination, other: SyslogDestination): boolean =>
  one.href === other.href &&
  one.type === other.type &&
  isDeepStrictEqual(one.remote_syslog, other.remote_syslog);

async function closeAll(open: readonly Open[]): Promise<void> {
  await Promise.all(open.map(({ sender }) => sender.close()));
}
