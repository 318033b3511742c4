/** Profiles that come and go with their clusters and namespaces, inside the transaction that learns of them. */
import type { Actor } from '@ringfence/contracts';
import { isRejection } from '@ringfence/decider';
import { entitiesIn } from '@ringfence/event-store';
import type { EventStore } from '@ringfence/event-store';
import type pg from 'pg';
import type { Profile, ProfileCommand } from '../../domain/profile.decider.js';
import { profileDecider } from '../../domain/profile.decider.js';
import { isClusterGone } from '../../read/facts.js';
import { profiles } from '../../read/resolver-documents.js';
import { namespaceProfileId, templateId } from '../derived-ids.js';
import { streamOf } from '../stream-names.js';

export interface ProfileLife {
  clusterCreated(cluster: string): Promise<void>;
  clusterDeleted(cluster: string): Promise<void>;
  /** With the hash of the key that it presents, if it presents any. */
  namespaceDiscovered(cluster: string, namespace: string, key?: string): Promise<void>;
  namespaceVanished(cluster: string, namespace: string): Promise<void>;
}

export function profileLife(store: EventStore, tx: pg.PoolClient): ProfileLife {
  /** Runs inside the queue of one, so that the read table is the aggregate's current state. */
  const run = async (
    cluster: string,
    id: string,
    profile: Profile | null,
    command: ProfileCommand,
  ): Promise<void> => {
    const decision = profileDecider.decide({ profile }, command);
    if (isRejection(decision) || decision.length === 0) return;
    const actor: Actor = { kind: 'container_cluster', id: cluster };
    await store.appendIn(tx, [{ stream: streamOf.profile(id), expectedVersion: 'any', events: decision }], {
      actor,
      cluster,
    });
  };
  const clusterCreated = async (cluster: string): Promise<void> => {
    if (await isClusterGone(entitiesIn(tx), cluster)) return;
    const id = templateId(cluster);
    await run(cluster, id, await profileOf(tx, id), { type: 'create-template', id, cluster });
  };
  return {
    clusterCreated,
    clusterDeleted: async (cluster) => {
      for (const profile of await profilesOf(tx, cluster))
        await run(cluster, profile.id, profile, { type: 'end' });
    },
    namespaceDiscovered: async (cluster, namespace, key) => {
      // A namespace may be heard of before its cluster.
      await clusterCreated(cluster);
      const all = await profilesOf(tx, cluster);
      for (const { id, profile, command } of discovered(all, { cluster, namespace, key }))
        await run(cluster, id, profile, command);
    },
    namespaceVanished: async (cluster, namespace) => {
      const all = await profilesOf(tx, cluster);
      const present = all.find((profile) => profile.namespace === namespace);
      const template = all.find((profile) => profile.isTemplate);
      if (present === undefined || template === undefined) return;
      await run(cluster, present.id, present, { type: 'namespace-vanished', template });
    },
  };
}

interface Told {
  readonly id: string;
  readonly profile: Profile | null;
  readonly command: ProfileCommand;
}
/** What is told to whom when a namespace appears: it binds itself by its key to a profile that waits for it, or has one made. */
function discovered(
  all: readonly Profile[],
  { cluster, namespace, key }: { cluster: string; namespace: string; key: string | undefined },
): Told[] {
  const template = all.find(({ isTemplate }) => isTemplate);
  if (template === undefined) return [];
  const present = all.find((profile) => profile.namespace === namespace) ?? null;
  const awaited = all.find((profile) => isAwaited(profile, key));
  if (awaited === undefined || present?.isDiscovered === false) {
    const id = present?.id ?? namespaceProfileId(cluster, namespace);
    const command = { type: 'discover', id, namespace, template, ...(key !== undefined && { key }) } as const;
    return [{ id, profile: present, command }];
  }
  const given = { id: awaited.id, profile: awaited, command: { type: 'bind', namespace } } as const;
  return present === null ? [given] : [{ id: present.id, profile: present, command: { type: 'end' } }, given];
}

const isAwaited = ({ namespace, pairingKey }: Profile, key: string | undefined): boolean =>
  key !== undefined && namespace === null && pairingKey === key;

async function profileOf(tx: pg.PoolClient, id: string): Promise<Profile | null> {
  const [profile] = await profiles.live(entitiesIn(tx), { id });
  return profile?.body ?? null;
}

async function profilesOf(tx: pg.PoolClient, cluster: string): Promise<Profile[]> {
  return (await profiles.live(entitiesIn(tx), { cluster })).map(({ body }) => body);
}
