/**
 * The one string type of all contracts (lint refuses `z.string()` beside it). Text is Unicode that everything behind can
 * keep: Postgres refuses NUL, and half of a surrogate pair has no UTF-8 form, so both are refused where text comes in.
 */
import { z } from 'zod';

const UNUSABLE = /[\0\uD800-\uDFFF]/u;
export const TEXT_PROBLEM = 'holds a character that cannot be stored (NUL, or half of a surrogate pair)';

export const isText = (text: string): boolean => !UNUSABLE.test(text);

export const Text = z.string().refine(isText, TEXT_PROBLEM);

/** As Kubernetes names nodes, Pods and namespaces: none is longer. */
export const NodeName = Text.min(1).max(253);
