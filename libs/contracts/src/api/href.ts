/**
 * What every REST body is made of: hrefs, references, the fields that all objects carry. Write schemas are strict and
 * never transform, so that the gateway may check a body and its owner may parse the very same body again.
 */
import { z } from 'zod';
import type { Actor } from '../envelope.js';
import { Text } from '../text.js';

/** Starts below `/api/v2`, e.g. `/orgs/1/sec_policy/draft/ip_lists/3`. */
export const Href = Text.regex(/^\/[A-Za-z0-9_.~%?=&/-]+$/, 'must be an href such as /orgs/1/labels/2').max(
  512,
);

/** A reference. Clients send whole objects where a reference would do: the href counts, the rest is ignored. */
export const Reference = z.looseObject({ href: Href });
export type Reference = z.infer<typeof Reference>;

export const ObjectName = Text.min(1).max(255);
/** Clients send empty text, and null, for a description that is absent. */
export const Description = Text.max(4096).nullish();

/** The caller's own key of an object: both or none, together unique. */
export const externalReference = {
  external_data_set: Text.min(1).max(255).nullish(),
  external_data_reference: Text.min(1).max(255).nullish(),
} as const;

export const UpdateType = z.enum(['create', 'update', 'delete']);

/** Who and when, on every answer. */
export const objectMeta = {
  created_at: Text,
  updated_at: Text,
  created_by: Reference,
  updated_by: Reference,
} as const;

/** Whether a draft is marked for deletion: when, and by whom; null where it is not. */
export const deletionMeta = { deleted_at: Text.nullish(), deleted_by: Reference.nullish() } as const;

/** On every answer about an object that is provisioned; `update_type` is null where draft and active are the same. */
export const provisionableMeta = {
  href: Href,
  ...objectMeta,
  ...deletionMeta,
  update_type: UpdateType.nullish(),
  external_data_set: Text.nullish(),
  external_data_reference: Text.nullish(),
  caps: z.array(Text).optional(),
  /** Why nothing follows from such an object yet; absent where it has its effect. */
  not_enforced: Text.optional(),
} as const;

/** Who did it, as the API names people, clusters and agents; user 0 is the product itself. */
export function actorHref({ kind, id }: Actor): string {
  switch (kind) {
    case 'user':
      return `/users/${id}`;
    case 'service_account':
      return `/orgs/1/service_accounts/${id}`;
    case 'container_cluster':
      return `/orgs/1/container_clusters/${id}`;
    case 'agent':
      return `/orgs/1/agents/${id}`;
    case 'system':
      return '/users/0';
  }
}
