/** What goes over the channel between the agent and its helper process: one request, one answer, in order; and news. */
import type { KernelFailure } from '../../port/kernel.port.js';
import type { CounterName } from '../nft-tables.js';

export const HELPER_OPERATIONS = [
  'open',
  'close',
  'adoptConnections',
  'trackLiberally',
  'run',
  'readFlows',
  'list',
  'listOwn',
  'disturbed',
  'clearMarks',
  'links',
  'packets',
] as const;
export type HelperOperation = (typeof HELPER_OPERATIONS)[number];

export type HelperArgument = string | number | readonly string[] | CounterName;

export interface HelperRequest {
  readonly id: number;
  readonly operation: HelperOperation;
  readonly netns: string;
  readonly argument?: HelperArgument;
}

export type HelperAnswer =
  | { readonly id: number; readonly ok: true; readonly value: unknown }
  | { readonly id: number; readonly ok: false; readonly code: KernelFailure; readonly message: string };

/** Unasked: somebody else changed our table, or more was told than could be heard. */
export type HelperNews =
  | { readonly news: 'tampered'; readonly netns: string; readonly what: string; readonly by: string }
  | { readonly news: 'overflow' }
  /** Nothing can be heard here, and why. */
  | { readonly news: 'deaf'; readonly reason: string };
