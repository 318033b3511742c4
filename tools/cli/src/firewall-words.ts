/** Firewall settings in the words of policy documents. Pure. */
import type { ActorBody, FirewallBody } from './policy-bodies.js';
import { FIREWALL_SCOPE_WORDS } from './policy-kinds.js';
import { briefly, said, scopeWords } from './word-forms.js';
import type { Body, FileNames, Seen, Side } from './word-forms.js';

interface SettingsContext {
  readonly names: FileNames;
  readonly seen: Seen;
  readonly side: Side;
}

export function firewallWords(body: FirewallBody, { names, seen, side }: SettingsContext): Body {
  const coexistence = body.firewall_coexistence.map(
    ({ scope, illumio_primary: primary, workload_mode: state }) => {
      const words: Record<string, string[]> = {};
      for (const { href } of scope) {
        const label = names.labels?.get(href) ?? { key: '', value: href };
        seen(label);
        (words[label.key] ??= []).push(label.value);
      }
      return { scope: briefly(words), primary, ...said({ state }) };
    },
  );
  const scopes = FIREWALL_SCOPE_WORDS.map((field) => {
    const given = (body[`${field}_scopes`] ?? []) as readonly (readonly ActorBody[])[];
    return [field, given.map((scope) => scopeWords(scope, side))] as const;
  });
  const [ike, portal] = [body['ike_authentication_type'], body['allow_captive_portal_outbound']];
  return said({
    coexistence,
    ...Object.fromEntries(scopes),
    ike_authentication: ike === 'psk' ? undefined : ike,
    captive_portal: portal === true ? true : undefined,
  });
}
