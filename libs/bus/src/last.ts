/** The newest message of some subjects of a stream: read once, through a consumer that the server forgets by itself. */
import { AckPolicy, DeliverPolicy, nuid } from 'nats';
import { TransientError } from './errors.js';
import type { Link } from './link.js';
import { startPull } from './pull.js';
import { decode } from './wire.js';

const NANOSECONDS = 1_000_000;
const FORGOTTEN_AFTER_MS = 5_000;

/** The payload; undefined: nothing was ever said there, or the stream keeps nothing of it. */
export async function lastIn(link: Link, stream: string, filter: string): Promise<unknown> {
  const consumer = `${link.name}-${nuid.next()}`;
  await link.manager.consumers.add(stream, {
    name: consumer,
    filter_subject: filter,
    ack_policy: AckPolicy.None,
    mem_storage: true,
    inactive_threshold: FORGOTTEN_AFTER_MS * NANOSECONDS,
    deliver_policy: DeliverPolicy.Last,
  });
  const found: unknown[] = [];
  const pull = startPull(link, { stream, consumer, batch: 1, noWait: true }, ({ raw }) =>
    found.push(decode(raw.data)),
  );
  const end = await pull.ended;
  if (end !== 'full' && end !== 'expired') throw new TransientError(`${link.server} NATS is away`);
  return found[0];
}
