/** The control plane's policy lane → the store. */
import { PermanentError } from '@ringfence/bus';
import type { LatestValue } from '@ringfence/bus';
import { parseSubject, POLICY_RECORDS } from '@ringfence/contracts';
import type { z } from 'zod';
import type { ActorStore } from '../../domain/actor-store.js';
import type { ToldChange, ToldRecord } from '../../domain/stored-state.js';
import type { Told } from '../../domain/told.js';
import { read } from '../payload.js';

const FORMS: { readonly [K in keyof Told]: z.ZodType<Told[K]> } = POLICY_RECORDS;
const isTold = (kind: string): kind is keyof Told => Object.hasOwn(FORMS, kind);

/** Gives `onTold` what was told by it, also where it cannot be read; then throws PermanentError. */
export function takePolicy(store: ActorStore, arrived: Arrived, onTold: (told: ToldChange) => void): void {
  const { kind, token } = parseSubject(arrived.subject);
  if (!isTold(kind)) return;
  try {
    onTold(tell(store, kind, token, arrived));
  } catch (error) {
    if (error instanceof PermanentError) {
      store.toldUnreadable(kind, token);
      onTold({ kind, token, unreadable: true });
    }
    throw error;
  }
}

type Arrived = Pick<LatestValue, 'subject' | 'payload'>;

function tell<K extends keyof Told>(
  store: ActorStore,
  kind: K,
  token: string,
  { subject, payload }: Arrived,
): ToldRecord {
  const told = payload === null ? null : read(FORMS[kind], subject, payload);
  store.told(kind, token, told);
  return { kind, token, told } as ToldRecord;
}
