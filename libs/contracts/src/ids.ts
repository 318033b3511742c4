/**
 * Identifiers as they travel on the wire. Integer ids (labels, rule sets, …) are decimal text, because
 * they may grow past 2^53; uuids have version 4 form, because REST clients check that.
 */
import { z } from 'zod';
import { Text } from './text.js';

export const Uuid = Text.regex(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
export const IntegerId = Text.regex(/^[1-9][0-9]{0,17}$/);
export const Instant = z.iso.datetime({ offset: false });

export const ClusterId = Uuid;
export type ClusterId = z.infer<typeof ClusterId>;

export const LabelId = IntegerId;
export type LabelId = z.infer<typeof LabelId>;

/** Hash of (cluster, namespace, class, sorted label ids); see `labelSetId` in @ringfence/labels. */
export const LabelSetId = Text.regex(/^ls-[0-9a-f]{20}$/);
export type LabelSetId = z.infer<typeof LabelSetId>;

/** Hash of a normalised selector: the same question has the same id everywhere. */
export const GroupId = Text.regex(/^g-[0-9a-f]{20}$/);
export type GroupId = z.infer<typeof GroupId>;

/** Hash of the selectors that whoever enforces the list matches. */
export const RuleListId = Text.regex(/^r-[0-9a-f]{20}$/);
export type RuleListId = z.infer<typeof RuleListId>;

/** The cluster segment of subjects that belong to no cluster (labels, policy objects, unmanaged workloads). */
export const GLOBAL = 'global';
