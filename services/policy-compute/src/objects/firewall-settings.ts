/** Firewall settings: one set, always there; each says by scopes of labels which workloads it concerns. */
import { FIREWALL_SCOPES } from '@ringfence/contracts';
import type { FirewallSettingsUpdate } from '@ringfence/contracts';
import { idOf, labelHref } from './hrefs.js';
import { unique } from './invalid.js';
import type { ObjectKind } from './object-kind.js';
import { scopesOf, scopesProblem, showScopes } from './scopes.js';
import { referencesOfActors } from './sides.js';
import type { ObjectReference } from '../domain/references.js';
import type { PolicyObject } from '../domain/policy-object.js';

type Settings = PolicyObject<'firewall_settings'>;

const empty = (id: string): Settings => ({
  id,
  name: 'Firewall settings',
  scopes: byField(() => []),
  coexistence: [],
});

export const firewallSettings: ObjectKind<'firewall_settings'> = {
  noun: 'set of firewall settings',
  ids: 'single',
  notEnforced: () => 'firewall settings are stored; nothing is programmed by them yet',
  nameTaken: null,
  referenced: null,
  labelInUse: 'label_referenced_by_firewall_settings',
  seeds: [empty('1')],

  empty,
  extras: ['ike_authentication_type', 'allow_captive_portal_outbound'],
  read: (body: FirewallSettingsUpdate, before) => ({
    scopes: byField((field) => {
      const given = body[field];
      return given ? scopesOf(given, field) : before.scopes[field];
    }),
    ...(body.firewall_coexistence && {
      coexistence: body.firewall_coexistence.map((entry) => ({
        labels: unique(entry.scope.map(({ href }) => idOf(href, 'labels', 'firewall_coexistence'))),
        isPrimary: entry.illumio_primary,
        mode: entry.workload_mode ?? null,
      })),
    }),
  }),
  show: ({ object }, view) => ({
    ...byField((field) => showScopes(object.scopes[field], view)),
    firewall_coexistence: object.coexistence.map(({ labels, isPrimary, mode }) => ({
      scope: labels.map((id) => ({ href: labelHref(id) })),
      illumio_primary: isPrimary,
      ...(mode !== null && { workload_mode: mode }),
    })),
    ike_authentication_type: 'psk',
    allow_captive_portal_outbound: false,
    ...object.extras,
  }),

  normalise: (settings) => settings,
  references: ({ scopes, coexistence }) => [
    ...FIREWALL_SCOPES.flatMap((field) => scopes[field].flatMap(referencesOfActors)),
    ...coexistence.flatMap(labelsOf),
  ],
  uses: ({ scopes, coexistence }) => ({
    ...Object.fromEntries(
      FIREWALL_SCOPES.map((field) => [
        // Published in the singular, unlike the field.
        field === 'blocked_connection_reject_scopes' ? 'blocked_connection_reject_scope' : field,
        scopes[field].flatMap(referencesOfActors),
      ]),
    ),
    firewall_coexistence_scope: coexistence.flatMap(labelsOf),
  }),
  problem: ({ scopes }, company) => {
    for (const field of FIREWALL_SCOPES) {
      const problem = scopesProblem(scopes[field], field, company);
      if (problem !== null) return problem;
    }
    return null;
  },
};

const labelsOf = ({ labels }: Settings['coexistence'][number]): ObjectReference[] =>
  labels.map((id) => ({ kind: 'labels', id }));

function byField<V>(valueOf: (field: keyof Settings['scopes']) => V): Record<keyof Settings['scopes'], V> {
  return Object.fromEntries(FIREWALL_SCOPES.map((field) => [field, valueOf(field)])) as Record<
    keyof Settings['scopes'],
    V
  >;
}
