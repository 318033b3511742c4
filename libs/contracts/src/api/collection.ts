/**
 * What one collection of the REST API accepts and shows. Files beside this one say it for each collection; the gateway
 * makes routes, checks and the OpenAPI document from it, and the owner, which the gateway's routes name, answers the call.
 */
import type { z } from 'zod';

export interface CollectionContract {
  /** One object as GET shows it. */
  readonly item: z.ZodType;
  /** Bodies of POST and PUT: strict, with the lenience that real clients need. */
  readonly create?: z.ZodType;
  readonly update?: z.ZodType;
  /** What is told of an object beside what people said, and moves on by itself: of no matter in a PUT, whatever it says there. */
  readonly told?: readonly string[];
  /** Bodies of the collection's own actions, by op (`bulk_create`, `pairing_key`, …). */
  readonly actions?: Readonly<Record<string, z.ZodType>>;
  /** What these actions answer, by op; none: nothing (204), or the item. */
  readonly answers?: Readonly<Record<string, z.ZodType>>;
  /** By what a list may be narrowed, beside `max_results`: texts of the query, by name, each with a `describe`. */
  readonly query?: Query;
  /** What its other operations take in the query, by op. */
  readonly parameters?: Readonly<Record<string, Query>>;
}
type Query = Readonly<Record<string, z.ZodType>>;

/** By the API's word: `labels`, `rule_sets`, `rule_sets/sec_rules`, … */
export type CollectionContracts = Readonly<Record<string, CollectionContract>>;
