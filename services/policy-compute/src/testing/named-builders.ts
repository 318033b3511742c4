/** Objects that seldom matter to a spec, with defaults, as policy-builders.ts has the others. */
import type { PolicyObject, StoredIptablesRule } from '../domain/policy-object.js';
import { firewallSettings } from '../objects/firewall-settings.js';
import { emptyIptablesRule } from '../objects/iptables-rules.js';
import { virtualServices } from '../objects/virtual-services.js';

export const virtualService = (
  id: string,
  over: Partial<PolicyObject<'virtual_services'>> = {},
): PolicyObject<'virtual_services'> => ({
  ...virtualServices.empty(id),
  name: `virtual service ${id}`,
  ports: [{ proto: 6, from: 80 }],
  ...over,
});

export const iptablesRules = (actors: StoredIptablesRule['actors']): StoredIptablesRule[] => [
  { ...emptyIptablesRule('1'), actors },
];

export const settings = (
  staticPolicy: PolicyObject<'firewall_settings'>['scopes']['static_policy_scopes'],
): PolicyObject<'firewall_settings'> => {
  const empty = firewallSettings.empty('1');
  return { ...empty, scopes: { ...empty.scopes, static_policy_scopes: staticPolicy } };
};
