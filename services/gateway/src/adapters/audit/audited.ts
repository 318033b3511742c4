/**
 * How far the events of each owner are in the audit trail. What nobody had read is gone where a NATS server lost its disk, and where the
 * stream dropped it for its age or for room while no gateway was there: the owner is asked to say again what came after.
 */
import type { Message } from '@ringfence/bus';
import { eventContract, RESYNC_CALLS } from '@ringfence/contracts';
import type { Envelope, Owner } from '@ringfence/contracts';
import { WHOLE_NUMBER } from '@ringfence/event-store';
import type { KeptMessages } from '@ringfence/event-store';
import { EntitySchema } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { AUDIT } from '../../manifest.js';

interface Audited {
  readonly owner: string;
  /** Name and birth of the stream that brought it, and its last message that is here. */
  stream: string;
  seq: number;
  /** Of its own events, the last one that is here. */
  position: number;
}

export const AuditedEntity = new EntitySchema<Audited>({
  name: 'Audited',
  tableName: 'audited',
  columns: {
    owner: { type: 'text', primary: true },
    stream: { type: 'text' },
    seq: WHOLE_NUMBER,
    position: WHOLE_NUMBER,
  },
});

/** The bus, as far as this needs it. */
export interface AuditedBus {
  kept(stream: string): Promise<KeptMessages>;
  call(contract: (typeof RESYNC_CALLS)[Owner], request: { begin: boolean; after: number }): Promise<unknown>;
}

const OWNERS = Object.keys(RESYNC_CALLS) as Owner[];

export class AuditedEvents {
  private constructor(
    private readonly entities: EntityManager,
    private readonly bus: AuditedBus,
    private readonly owners: ReadonlyMap<string, Audited>,
    /** Of whom something is missing. How far they are stays as it was until they are asked. */
    private readonly lacking: Set<string>,
  ) {}

  /** Written down before anything is read: what the stream has forgotten by now is missed, and what it forgets from here on. */
  static async open(entities: EntityManager, bus: AuditedBus): Promise<AuditedEvents> {
    const known = new Map((await entities.find(AuditedEntity)).map((each) => [each.owner, each]));
    const kept = await bus.kept(AUDIT.stream);
    // Of a stream that never had a message, the first is 0.
    const unknown = { stream: kept.stream, seq: Math.max(kept.first - 1, 0), position: 0 };
    const owners = OWNERS.map((owner) => known.get(owner) ?? { owner, ...unknown });
    const lacking = owners.filter((each) => lacks(each, kept)).map(({ owner }) => owner);
    const byOwner = new Map(owners.map((each) => [each.owner, each]));
    const audited = new AuditedEvents(entities, bus, byOwner, new Set(lacking));
    await audited.keep();
    return audited;
  }

  /** What another stream brings, or comes behind a gap, says nothing of what is missing before it. */
  reached(
    { type, position }: Pick<Envelope, 'type' | 'position'>,
    { stream, seq }: Pick<Message, 'stream' | 'seq'>,
  ): void {
    for (const audited of this.owners.values()) {
      if (audited.stream !== stream || this.lacking.has(audited.owner)) continue;
      audited.seq = Math.max(audited.seq, seq);
      if (eventContract(type)?.owner === audited.owner)
        audited.position = Math.max(audited.position, position);
    }
  }

  /** Has owners say again what is missing, and writes down how far it is. Throws when some owner could not be asked. */
  async settle(): Promise<void> {
    const kept = await this.bus.kept(AUDIT.stream);
    const asked = await Promise.allSettled(OWNERS.map((owner) => this.sayAgain(owner, kept)));
    await this.keep();
    const failed = asked.find((each) => each.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }

  async keep(): Promise<void> {
    await this.entities.upsert(AuditedEntity, [...this.owners.values()], ['owner']);
  }

  private async sayAgain(owner: Owner, kept: KeptMessages): Promise<void> {
    const audited = this.owners.get(owner);
    if (audited === undefined || !(this.lacking.has(owner) || lacks(audited, kept))) return;
    this.lacking.add(owner);
    await this.bus.call(RESYNC_CALLS[owner], { begin: true, after: audited.position });
    // What is missing comes again behind this place.
    Object.assign(audited, { stream: kept.stream, seq: kept.last });
    this.lacking.delete(owner);
  }
}

const lacks = ({ stream, seq }: Audited, kept: KeptMessages): boolean =>
  stream !== kept.stream || seq + 1 < kept.first;
