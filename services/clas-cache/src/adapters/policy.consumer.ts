/** The control plane's policy lane → the store. Settings count at once, records with their commit. */
import {
  CommitRecord,
  EndpointRecord,
  GroupRecord,
  LabelCatalogue,
  NodeSettings,
  ProfileSettings,
  SettledRecord,
  UnitRecord,
} from '@ringfence/contracts';
import { PermanentError } from '@ringfence/bus';
import type { z } from 'zod';
import type { ActorStore } from '../domain/actor-store.js';

interface PolicyMessage {
  readonly token: string;
  /** Throws PermanentError. */
  read<T>(schema: z.ZodType<T>): T;
}

const TAKERS: Readonly<Record<string, (store: ActorStore, message: PolicyMessage) => void>> = {
  unit: (store, { token, read }) => {
    const { flush, unit } = read(UnitRecord);
    store.setRecord('unit', token, flush, unit);
  },
  group: (store, { token, read }) => {
    const { flush, group } = read(GroupRecord);
    store.setRecord('group', token, flush, group);
  },
  endpoint: (store, { token, read }) => {
    const { flush, endpoint } = read(EndpointRecord);
    store.setRecord('endpoint', token, flush, endpoint);
  },
  commit: (store, { read }) => store.setCommit(read(CommitRecord)),
  labels: (store, { read }) => store.setCatalogue(read(LabelCatalogue)),
  profile: (store, { token, read }) => store.setProfile(token, read(ProfileSettings)),
  node: (store, { token, read }) => store.setNodeSettings(token, read(NodeSettings), now()),
  settled: (store, { read }) => store.setSettled(read(SettledRecord).position),
};

const now = (): string => new Date().toISOString();

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
  TAKERS[kind]?.(store, { token, read });
}

function takeRemoval(store: ActorStore, kind: string, token: string): void {
  if (kind === 'unit' || kind === 'group' || kind === 'endpoint') store.removeRecord(kind, token);
  else if (kind === 'profile') store.setProfile(token, null);
  else if (kind === 'node') store.setNodeSettings(token, null, now());
}
