/**
 * The file that the plugin reads without asking anybody: which namespaces it asks for, and what holds while the agent is away.
 * Pure. Its reader is cni/node-files.c.
 */
import type { EnforcementMode } from '@ringfence/contracts';

export type Away =
  | { readonly kind: 'closed' }
  | { readonly kind: 'open' }
  | { readonly kind: 'wait'; readonly seconds: number };

export interface PluginSettings {
  readonly away: Away;
  readonly namespaces: ReadonlyMap<string, EnforcementMode>;
  /** Never held, whatever their mode: the cluster or Ringfence itself would wait for itself. */
  readonly exempt: ReadonlySet<string>;
}

/** Names that could not be a line of their own are none that Kubernetes gives. */
const NAMESPACE = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

export function renderSettings({ away, namespaces, exempt }: PluginSettings): string {
  const held = [...namespaces].filter(([name]) => NAMESPACE.test(name) && !exempt.has(name)).sort();
  return [
    'ringfence birth 1',
    `away ${away.kind}${away.kind === 'wait' ? ` ${away.seconds}` : ''}`,
    ...held.map(([name, mode]) => `${isEnforcing(mode) ? 'enforced' : 'watched'} ${name}`),
    'end',
    '',
  ].join('\n');
}

/** Blocks anything at all. */
export function isEnforcing(mode: EnforcementMode): boolean {
  return mode === 'full' || mode === 'selective';
}

/** As the environment says it: `closed`, `open`, `wait:20`. Undefined for anything else. */
export function parseAway(text: string): Away | undefined {
  if (text === 'closed' || text === 'open') return { kind: text };
  const seconds = Number(/^wait:(\d{1,2})$/.exec(text)?.[1] ?? 0);
  return seconds >= 1 && seconds <= 50 ? { kind: 'wait', seconds } : undefined;
}
