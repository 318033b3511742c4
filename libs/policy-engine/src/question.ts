/**
 * "Who?" as rules ask it, in normal form. A question's id is a hash of the question and never of its answer, so that
 * the same question is one group everywhere, and a changed answer is a changed group and no changed rule.
 */
import type { GroupId } from '@ringfence/contracts';
import { selectorText, sha256Hex } from '@ringfence/labels';
import type { Selector } from '@ringfence/labels';

export interface SelectorQuestion {
  readonly kind: 'selector';
  readonly id: GroupId;
  readonly selector: Selector;
}
export interface WorkloadsQuestion {
  readonly kind: 'workloads';
  readonly id: GroupId;
  /** Sorted, without repetitions. */
  readonly workloads: readonly string[];
  /** Of these workloads, those that the scope and the exclusions leave. */
  readonly narrow: Selector;
}
export type Question =
  | SelectorQuestion
  | WorkloadsQuestion
  | { readonly kind: 'ip_list'; readonly id: GroupId; readonly ipList: string }
  | { readonly kind: 'own_host'; readonly id: GroupId }
  | AddressesQuestion
  | BeyondQuestion
  | SubnetsQuestion;

/** Which addresses of whom it means: those that they come from, or those where they are reached. */
export type Way = 'from' | 'to';
/** Whom a question means, by the subnets of their interfaces where these are known. */
export interface SubnetsQuestion {
  readonly kind: 'subnets';
  readonly id: GroupId;
  readonly of: BeyondQuestion['of'];
}
/** Whom a question means in other clusters, as one sees them who is not in theirs. */
export interface BeyondQuestion {
  readonly kind: 'beyond';
  readonly id: GroupId;
  readonly of: SelectorQuestion | WorkloadsQuestion;
  readonly way: Way;
}

export interface AddressesQuestion {
  readonly kind: 'addresses';
  readonly id: GroupId;
  /** Disjoint and sorted. */
  readonly cidrs: readonly string[];
  readonly fqdns: readonly string[];
}

/** The id of a group that asks this; `parts` must be in normal form. */
export function questionId(...parts: readonly unknown[]): GroupId {
  return textId(JSON.stringify(parts));
}

const textId = (text: string): GroupId => sha256Hex(text, 20, 'g-');

/** `text` is the selector's. */
export const askSelector = (selector: Selector, text: string): SelectorQuestion => ({
  kind: 'selector',
  id: textId(`selector ${text}`),
  selector,
});

export function askWorkloads(ids: Iterable<string>, narrow: Selector): WorkloadsQuestion {
  const workloads = [...new Set(ids)].sort();
  return {
    kind: 'workloads',
    id: questionId('workloads', selectorText(narrow), ...workloads),
    workloads,
    narrow,
  };
}

export const askAddresses = (cidrs: readonly string[], fqdns: readonly string[]): AddressesQuestion => ({
  kind: 'addresses',
  id: questionId('addresses', cidrs, fqdns),
  cidrs,
  fqdns,
});

export const askBeyond = (of: BeyondQuestion['of'], way: Way): BeyondQuestion => ({
  kind: 'beyond',
  id: textId(`beyond ${way} ${of.id}`),
  of,
  way,
});

export const askSubnets = (of: SubnetsQuestion['of']): SubnetsQuestion => ({
  kind: 'subnets',
  id: textId(`subnets ${of.id}`),
  of,
});

export const askIpList = (ipList: string): Question => ({
  kind: 'ip_list',
  id: questionId('ip_list', ipList),
  ipList,
});

export const OWN_HOST: Question = { kind: 'own_host', id: questionId('own_host') };
