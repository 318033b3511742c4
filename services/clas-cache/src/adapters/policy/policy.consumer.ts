/** The control plane's policy lane → the store. */
import { PermanentError } from '@ringfence/bus';
import { parseSubject, POLICY_RECORDS } from '@ringfence/contracts';
import type { z } from 'zod';
import type { ActorStore } from '../../domain/actor-store.js';
import type { Told } from '../../domain/told.js';
import { read } from '../payload.js';

const FORMS: { readonly [K in keyof Told]: z.ZodType<Told[K]> } = POLICY_RECORDS;
const isTold = (kind: string): kind is keyof Told => Object.hasOwn(FORMS, kind);

/** Throws PermanentError for what cannot be read. */
export function takePolicy(store: ActorStore, subject: string, payload: unknown): void {
  const { kind, token } = parseSubject(subject);
  if (!isTold(kind)) return;
  if (payload === null) store.told(kind, token, null);
  else tell(store, kind, token, { subject, payload });
}

interface Arrived {
  readonly subject: string;
  readonly payload: unknown;
}

function tell<K extends keyof Told>(
  store: ActorStore,
  kind: K,
  token: string,
  { subject, payload }: Arrived,
): void {
  try {
    store.told(kind, token, read(FORMS[kind], subject, payload));
  } catch (error) {
    if (error instanceof PermanentError) store.toldUnreadable(kind, token);
    throw error;
  }
}
