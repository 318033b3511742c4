/** Why somebody did not get a label, and what mends it: the same words in the terminal and in Kubernetes' events. */
import type { RefusalReason } from './annotations.js';

export interface RefusedLabel {
  readonly key: string;
  readonly value: string;
  readonly reason: string;
}

const WORDS: Readonly<Record<RefusalReason, (refused: RefusedLabel) => string>> = {
  'no-such-label': ({ key, value }) => `no such label: ringfence labels create ${key} ${value}`,
  'not-in-list': ({ key }) => `the namespace allows other labels of ${key} only`,
  fixed: ({ key }) => `the namespace has a fixed label for ${key}`,
  none: ({ key }) => `the namespace gives no label of ${key}`,
  'other-prefix-wins': () => 'another annotation says something else, and wins',
};

const isKnown = (reason: string): reason is RefusalReason => Object.hasOwn(WORDS, reason);

export const refusalWords = (refused: RefusedLabel): string =>
  isKnown(refused.reason) ? WORDS[refused.reason](refused) : refused.reason;
