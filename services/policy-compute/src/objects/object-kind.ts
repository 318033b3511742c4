/**
 * What a type of policy object is: one record per type, in the file of its name. kinds.ts lists them, and everything else
 * (drafting, provisioning, REST, history) loops over that list and names no type. Pure, like the domain.
 */
import type { ProvisionableType } from '@ringfence/contracts';
import type { Rejection } from '@ringfence/decider';
import type { KnownElsewhere } from '../domain/draft-rules.js';
import type { Entry, PolicyBook } from '../domain/policy-book.js';
import type { PolicyObject, Touched } from '../domain/policy-object.js';
import type { ObjectReference } from '../domain/references.js';
import type { Body, View } from './view.js';

/** Ids for what a body brings along, by sequence; as many as `parts` says must be there. They are taken out as they are used. */
export type PartIds = Readonly<Record<string, string[]>>;

/** One object in one form. `entry` is null for an older version. */
export interface Shown<T extends ProvisionableType = ProvisionableType> {
  readonly object: PolicyObject<T>;
  readonly touched: Touched;
  readonly entry: Entry<T> | null;
}

export interface ObjectKind<T extends ProvisionableType> {
  /** In messages to people. */
  readonly noun: string;
  /** Where ids come from. `single`: there is one such object, from the first start on, which can only be changed. */
  readonly ids: 'uuid' | 'single' | { readonly sequence: string };
  /** Why nothing follows from it, or from a part of it, yet, in every answer about it; null, and no such function: policy is computed from all of it. */
  notEnforced?(object: PolicyObject<T>): string | null;
  /** Rejection of a name that is taken in draft or still active; null: names may repeat. */
  readonly nameTaken: string | null;
  /** Rejection of a deletion while draft or active policy names the object; null: nothing can name it. */
  readonly referenced: string | null;
  /** The refusal that clients know, where such an object names a label that is to be deleted. */
  readonly labelInUse: string;
  /** Made at first start; clients look for them, so they are never deleted, and changed only where they are `single`. */
  readonly seeds: readonly PolicyObject<T>[];
  /** They are made in a new system only, and live like any other object from then on. */
  readonly seedsAre?: 'as-others';

  /** An object that says nothing yet. */
  empty(id: string): PolicyObject<T>;
  /** Fields of bodies that are kept and shown, never interpreted. */
  readonly extras: readonly string[];
  /** Of those, the ones that a body ends by what else it names. */
  ended?(body: Body): readonly string[];
  /** How many ids a body needs beside the object's own, by sequence. */
  parts?(body: Body): Readonly<Record<string, number>>;
  /** What a body changes beside name, description and extras. It was checked against the type's schemas in `API`. */
  read(body: Body, before: PolicyObject<T>, ids: PartIds): Partial<PolicyObject<T>>;
  /** The fields of its own; href, who and when are the same for all types. */
  show(shown: Shown<T>, view: View): Body;
  /** Collections below an object that are only read, by operation. */
  readonly nested?: Readonly<Record<string, (id: string, view: View) => Body[]>>;
  /** Query parameters of its own; those that a type does not know do nothing. */
  readonly filters?: Readonly<Record<string, (object: PolicyObject<T>, wanted: string) => boolean>>;
  /** Published ones that ask for what no object of ours has. */
  readonly refusedFilters?: readonly string[];

  /** The object in normal form, or the first thing that is wrong with it by itself. */
  normalise(object: PolicyObject<T>): PolicyObject<T> | Rejection;
  /** What it names; repetitions do not matter. */
  references(object: PolicyObject<T>): readonly ObjectReference[];
  /** What it names, by the API's words for where; `usage` of what is named says these. */
  uses?(object: PolicyObject<T>): Readonly<Record<string, readonly ObjectReference[]>>;
  /** Types of what it names that are shown while it is pending. */
  readonly related?: readonly ProvisionableType[];
  /** What is wrong with it in the company of all others, beside names and references. */
  problem?(object: PolicyObject<T>, company: Company): Rejection | null;
  /** Href and name of each rule in it, as verdicts name them. */
  ruleNames?(object: PolicyObject<T>): readonly (readonly [ref: string, name: string])[];
}

/** All other drafts, and what only other services know. */
export interface Company {
  readonly book: PolicyBook;
  readonly known: KnownElsewhere;
}
