/** What makes a built-in object unacceptable whatever a cluster holds: for whoever wants to know before there is one. Pure. */
import { copyWithoutNulls } from './json.js';
import { rulesOf } from './kind-rules.js';
import type { KubeObject, ObjectMeta } from './kube-object.js';
import { metadataCauses } from './metadata-rules.js';
import { apiVersionOf } from './resource-definition.js';
import { resourceRows } from './resource-rows.js';

/** Each as the API server would say it: the field, and what is wrong with it. Of a kind that is not built in nothing is known. */
export function objectFaults(manifest: object): string[] {
  const draft = copyWithoutNulls(manifest) as KubeObject;
  const definition = resourceRows.find(
    (row) => row.kind === draft.kind && apiVersionOf(row) === draft.apiVersion,
  );
  if (definition === undefined) return [];
  const { complete, causes } = rulesOf(definition);
  complete?.(draft);
  const { name = `${draft.metadata.generateName ?? ''}made` } = draft.metadata as Partial<ObjectMeta>;
  const named = { ...draft.metadata, name };
  return [...metadataCauses(definition, named), ...(causes?.(draft) ?? [])].map(
    ({ field = '', message }) => `${field}: ${message}`,
  );
}
