/** A small town for the oracle and the judge: two managed namespaces, one open. */
import { KnobHistory } from '../knob-history.js';
import type { Attempt, Knob, Policy, Source } from '../model.js';
import { PodBook } from '../pod-book.js';
import type { PodLook } from '../pod-book.js';

export const POLICY: Policy = {
  managed: ['shop', 'moody'],
  scope: 'demo',
  rules: [
    { id: 'web', from: 'client', to: 'server', proto: 6, port: 80 },
    { id: 'dns', from: 'client', to: 'server', proto: 17, port: 53 },
  ],
};

export function knobs(values: Partial<Record<Knob, string>> = {}): KnobHistory {
  const first: Record<Knob, string> = {
    'mode:shop': 'full',
    'mode:moody': 'full',
    'env:shop': 'demo',
    'env:moody': 'demo',
    'rule:web': 'on',
    'rule:dns': 'on',
  };
  return new KnobHistory({ ...first, ...values } as Record<Knob, string>);
}

export const at = (namespace: string, role: string) => ({ namespace, role });

export function source(namespace: string, role: string): Source {
  return { namespace, role, name: `${role}-1`, address: '10.0.0.9', node: 'node-1' };
}

export function pod(name: string, address: string, changes: Partial<PodLook> = {}): PodLook {
  return {
    ...{ uid: name, name, namespace: 'shop', role: 'server', node: 'node-2', address },
    ...{ createdAt: 0, startedAt: 0, isReady: true, readyMessage: '' },
    ...changes,
  };
}

/** Looks once a second, from 0 to `until`. */
export function bookOf(pods: (second: number) => readonly PodLook[], until: number): PodBook {
  const book = new PodBook();
  for (let second = 0; second <= until; second += 1)
    book.look(pods(second), second * 1_000, second * 1_000 + 10);
  return book;
}

export function attempt(from: Source, host: string, changes: Partial<Attempt> = {}): Attempt {
  return { from, host, port: 80, proto: 6, began: 5_000, ended: 5_100, outcome: 'open', ...changes };
}
