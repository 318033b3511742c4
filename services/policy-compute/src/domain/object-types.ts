/** What differs between the types of objects, as data: how people call them, which names collide, what a reference to one forbids. */
import type { ProvisionableType } from '@ringfence/contracts';

export interface ObjectTraits {
  /** In messages to people. */
  readonly noun: string;
  /** Rejection of a name that is taken in draft or still active; null: names may repeat. */
  readonly nameTaken: string | null;
  /** Rejection of a deletion while draft or active policy names the object; null: nothing can name it. */
  readonly referenced: string | null;
  /** Made at first start; clients look for them, so they can neither be changed nor deleted. */
  readonly seeded: readonly string[];
}

export const TRAITS: Readonly<Record<ProvisionableType, ObjectTraits>> = {
  ip_lists: {
    noun: 'IP list',
    nameTaken: 'ip-list-name-not-unique',
    referenced: 'ip-list-referenced',
    seeded: ['1'],
  },
  services: { noun: 'service', nameTaken: null, referenced: 'service-referenced', seeded: ['1'] },
  label_groups: {
    noun: 'label group',
    nameTaken: 'name-must-be-unique',
    referenced: 'label-group-referenced',
    seeded: [],
  },
  rule_sets: { noun: 'rule set', nameTaken: 'rule-set-name-in-use', referenced: null, seeded: [] },
  enforcement_boundaries: {
    noun: 'enforcement boundary',
    nameTaken: 'enforcement-boundary-name-in-use',
    referenced: null,
    seeded: [],
  },
};
