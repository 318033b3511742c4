/**
 * One pairing profile: the labels and mode of nodes that pair with one of its keys, and how long and how often a key
 * may be used. Keys are secrets and live, hashed, beside the events; here they are only counted.
 */
import type { EnforcementMode } from '@ringfence/contracts';
import { isSameValue, reject } from '@ringfence/decider';
import type { Decider, Decision } from '@ringfence/decider';
import type { LabelKeys } from './known-labels.js';
import { refuseLabels } from './known-labels.js';

export type KeyBound = number | 'unlimited';
export interface PairingProfile {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly enabled: boolean;
  readonly mode: EnforcementMode;
  readonly visibilityLevel: string;
  readonly allowedUsesPerKey: KeyBound;
  /** Seconds. */
  readonly keyLifespan: KeyBound;
  readonly labels: readonly string[];
  readonly isDefault: boolean;
  readonly externalDataSet: string | null;
  readonly externalDataReference: string | null;
  /** Locks and versions that are kept and shown again; nothing acts on them. */
  readonly uninterpreted: Readonly<Record<string, unknown>>;
}
export type PairingProfileEvent =
  | { readonly type: 'PairingProfileCreated'; readonly data: PairingProfile }
  | { readonly type: 'PairingProfileChanged'; readonly data: PairingProfile }
  | {
      readonly type: 'PairingKeyIssued';
      readonly data: { readonly id: string; readonly key: string; readonly at: string };
    }
  | { readonly type: 'PairingKeysRevoked'; readonly data: { readonly id: string } }
  | { readonly type: 'PairingProfileDeleted'; readonly data: { readonly id: string } };
export type PairingProfileCommand =
  | { readonly type: 'create'; readonly profile: PairingProfile; readonly keyOf: LabelKeys }
  | {
      readonly type: 'change';
      readonly change: Partial<Omit<PairingProfile, 'id' | 'isDefault'>>;
      readonly keyOf: LabelKeys;
    }
  | { readonly type: 'issue-key'; readonly key: string; readonly at: string }
  | { readonly type: 'revoke-keys' }
  | { readonly type: 'delete' };
export interface PairingProfileAggregate {
  readonly profile: PairingProfile | null;
}

function change(
  profile: PairingProfile,
  command: Extract<PairingProfileCommand, { type: 'change' }>,
): Decision<PairingProfileEvent> {
  const refusal = refuseLabels(command.change.labels ?? [], command.keyOf);
  if (refusal !== null) return refusal;
  const changed = { ...profile, ...command.change };
  return isSameValue(changed, profile) ? [] : [{ type: 'PairingProfileChanged', data: changed }];
}

function decideExisting(
  profile: PairingProfile,
  command: PairingProfileCommand,
): Decision<PairingProfileEvent> {
  switch (command.type) {
    case 'change':
      return change(profile, command);
    case 'issue-key':
      if (!profile.enabled)
        return reject(
          'pairing-profile-disabled',
          'the pairing profile is disabled: enable it to generate keys',
        );
      return [{ type: 'PairingKeyIssued', data: { id: profile.id, key: command.key, at: command.at } }];
    case 'revoke-keys':
      return [{ type: 'PairingKeysRevoked', data: { id: profile.id } }];
    case 'delete':
      if (profile.isDefault) return reject('pairing-profile-is-default', 'the default pairing profile stays');
      return [{ type: 'PairingProfileDeleted', data: { id: profile.id } }];
    case 'create':
      return profile.isDefault
        ? []
        : reject('pairing-profile-exists', 'a pairing profile of this id exists', 'ALREADY_EXISTS');
  }
}

export const pairingProfileDecider: Decider<
  PairingProfileAggregate,
  PairingProfileCommand,
  PairingProfileEvent
> = {
  initial: { profile: null },
  decide({ profile }, command) {
    if (profile !== null) return decideExisting(profile, command);
    if (command.type !== 'create')
      return reject('not-found-error', 'there is no such pairing profile', 'NOT_FOUND');
    return (
      refuseLabels(command.profile.labels, command.keyOf) ?? [
        { type: 'PairingProfileCreated', data: command.profile },
      ]
    );
  },
  evolve(state, event) {
    switch (event.type) {
      case 'PairingProfileCreated':
      case 'PairingProfileChanged':
        return { profile: event.data };
      case 'PairingProfileDeleted':
        return { profile: null };
      case 'PairingKeyIssued':
      case 'PairingKeysRevoked':
        return state;
    }
  },
};
