/** The control plane's policy lane → the store. Settings count at once, records with their commit. */
import {
  CommitRecord,
  EndpointRecord,
  GroupRecord,
  LabelCatalogue,
  NodeSettings,
  ProfileSettings,
  UnitRecord,
} from '@ringfence/contracts';
import { PermanentError } from '@ringfence/bus';
import type { z } from 'zod';
import type { ActorStore } from '../domain/actor-store.js';

/** Throws PermanentError for what cannot be read. */
export function takePolicy(store: ActorStore, subject: string, payload: unknown): void {
  const [, , kind = '', token = ''] = subject.split('.');
  if (payload === null) return takeRemoval(store, kind, token);
  const read = <T>(schema: z.ZodType<T>): T => {
    const result = schema.safeParse(payload);
    if (result.success) return result.data;
    const [issue] = result.error.issues;
    throw new PermanentError('unreadable', `${subject}: ${issue?.path.join('.')}: ${issue?.message}`);
  };
  switch (kind) {
    case 'unit': {
      const { flush, unit } = read(UnitRecord);
      return store.setRecord('unit', token, flush, unit);
    }
    case 'group': {
      const { flush, group } = read(GroupRecord);
      return store.setRecord('group', token, flush, group);
    }
    case 'endpoint': {
      const { flush, endpoint } = read(EndpointRecord);
      return store.setRecord('endpoint', token, flush, endpoint);
    }
    case 'commit':
      return store.setCommit(read(CommitRecord));
    case 'labels':
      return store.setCatalogue(read(LabelCatalogue));
    case 'profile':
      return store.setProfile(token, read(ProfileSettings));
    case 'node':
      return store.setNodeSettings(token, read(NodeSettings), new Date().toISOString());
  }
}

function takeRemoval(store: ActorStore, kind: string, token: string): void {
  if (kind === 'unit' || kind === 'group' || kind === 'endpoint') store.removeRecord(kind, token);
  else if (kind === 'profile') store.setProfile(token, null);
  else if (kind === 'node') store.setNodeSettings(token, null, new Date().toISOString());
}
