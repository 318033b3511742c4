/**
 * How far the events of each owner are in the audit trail. A NATS server that lost its disk has lost what nobody had read: the owner is
 * asked to say again all that came after.
 */
import { eventContract, RESYNC_CALLS } from '@ringfence/contracts';
import type { Envelope, Owner } from '@ringfence/contracts';
import { WHOLE_NUMBER } from '@ringfence/event-store';
import type { KeptMessages } from '@ringfence/event-store';
import { EntitySchema } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { AUDIT } from '../../manifest.js';

interface Audited {
  readonly owner: string;
  /** Name and birth of the stream that brought it. */
  stream: string;
  /** Of its own events, the last one that is here. */
  position: number;
}

export const AuditedEntity = new EntitySchema<Audited>({
  name: 'Audited',
  tableName: 'audited',
  columns: {
    owner: { type: 'text', primary: true },
    stream: { type: 'text' },
    position: WHOLE_NUMBER,
  },
});

/** The bus, as far as this needs it. */
export interface AuditedBus {
  kept(stream: string): Promise<Pick<KeptMessages, 'stream'>>;
  call(contract: (typeof RESYNC_CALLS)[Owner], request: { begin: boolean; after: number }): Promise<unknown>;
}

const OWNERS = Object.keys(RESYNC_CALLS) as Owner[];

export class AuditedEvents {
  private constructor(
    private readonly entities: EntityManager,
    private readonly bus: AuditedBus,
    private readonly owners: ReadonlyMap<string, Audited>,
  ) {}

  /** Before anything is read: what the stream of now forgets from here on is missed. */
  static async open(entities: EntityManager, bus: AuditedBus): Promise<AuditedEvents> {
    const known = new Map((await entities.find(AuditedEntity)).map((each) => [each.owner, each]));
    const { stream } = await bus.kept(AUDIT.stream);
    const owners = OWNERS.map((owner) => known.get(owner) ?? { owner, stream, position: 0 });
    return new AuditedEvents(entities, bus, new Map(owners.map((each) => [each.owner, each])));
  }

  /** What another stream brings says nothing of what was lost with the one before. */
  reached({ type, position }: Pick<Envelope, 'type' | 'position'>, stream: string): void {
    const audited = this.owners.get(eventContract(type)?.owner ?? '');
    if (audited?.stream === stream) audited.position = Math.max(audited.position, position);
  }

  /** Has owners say again what is missing, and writes down how far it is. Throws when some owner could not be asked. */
  async settle(): Promise<void> {
    const { stream } = await this.bus.kept(AUDIT.stream);
    const asked = await Promise.allSettled(OWNERS.map((owner) => this.sayAgain(owner, stream)));
    await this.keep();
    const failed = asked.find((each) => each.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }

  async keep(): Promise<void> {
    await this.entities.upsert(AuditedEntity, [...this.owners.values()], ['owner']);
  }

  private async sayAgain(owner: Owner, stream: string): Promise<void> {
    const audited = this.owners.get(owner);
    if (audited === undefined || audited.stream === stream) return;
    await this.bus.call(RESYNC_CALLS[owner], { begin: true, after: audited.position });
    audited.stream = stream;
  }
}
