/** Every type of policy object. A new one is a file beside this one, its contract, and a line here. */
import type { ProvisionableType } from '@ringfence/contracts';
import { enforcementBoundaries } from './enforcement-boundaries.js';
import { firewallSettings } from './firewall-settings.js';
import { ipLists } from './ip-lists.js';
import { labelGroups } from './label-groups.js';
import type { ObjectKind } from './object-kind.js';
import { ruleSets } from './rule-sets.js';
import { services } from './services.js';
import { virtualServices } from './virtual-services.js';

const KINDS: { readonly [T in ProvisionableType]: ObjectKind<T> } = {
  ip_lists: ipLists,
  services,
  label_groups: labelGroups,
  rule_sets: ruleSets,
  enforcement_boundaries: enforcementBoundaries,
  virtual_services: virtualServices,
  firewall_settings: firewallSettings,
};

export const kindOf = <T extends ProvisionableType>(type: T): ObjectKind<T> => KINDS[type];
