/** Custom resource definitions: their defaults and validation, and the catalog rows that an accepted definition adds. */
import { ensureObject, isJsonObject, jsonOf, listAt, valueAt } from './json.js';
import type { JsonObject } from './json.js';
import type { KubeObject } from './kube-object.js';
import { setMissing } from './pod-defaults.js';
import { objectVerbs } from './resource-definition.js';
import type { PrinterColumn, ResourceDefinition } from './resource-definition.js';
import type { StatusCause } from './status-error.js';

export function defaultCustomDefinition(definition: KubeObject): void {
  const spec = ensureObject(jsonOf(definition), 'spec');
  const names = ensureObject(spec, 'names');
  const kind = String(names['kind'] ?? '');
  setMissing(names, { singular: kind.toLowerCase(), listKind: `${kind}List` });
  setMissing(spec, { conversion: { strategy: 'None' } });
  const stored = listAt(spec, 'versions').find((version) => version['storage'] === true);
  const status = ensureObject(jsonOf(definition), 'status');
  const since = definition.metadata.creationTimestamp ?? '1970-01-01T00:00:00Z';
  setMissing(status, {
    acceptedNames: { ...names },
    storedVersions: [String(stored?.['name'] ?? 'v1')],
    conditions: [
      {
        type: 'NamesAccepted',
        status: 'True',
        reason: 'NoConflicts',
        message: 'no conflicts found',
        lastTransitionTime: since,
      },
      {
        type: 'Established',
        status: 'True',
        reason: 'InitialNamesAccepted',
        message: 'the initial names have been accepted',
        lastTransitionTime: since,
      },
    ],
  });
}

export function customDefinitionCauses(definition: KubeObject): StatusCause[] {
  const causes: StatusCause[] = [];
  const require = (field: string): void => {
    const value = valueAt(definition, field);
    if (typeof value !== 'string' || value === '')
      causes.push({ reason: 'FieldValueRequired', message: 'Required value', field });
  };
  for (const field of ['spec.group', 'spec.names.kind', 'spec.names.plural', 'spec.scope']) require(field);
  if (listAt(definition, 'spec.versions').length === 0) {
    causes.push({ reason: 'FieldValueRequired', message: 'Required value', field: 'spec.versions' });
  }
  const expected = `${String(valueAt(definition, 'spec.names.plural'))}.${String(valueAt(definition, 'spec.group'))}`;
  if (causes.length === 0 && definition.metadata.name !== expected) {
    const message = `Invalid value: "${definition.metadata.name}": must be spec.names.plural+"."+spec.group`;
    causes.push({ reason: 'FieldValueInvalid', message, field: 'metadata.name' });
  }
  return causes;
}

export function rowsOfCustomDefinition(definition: KubeObject): ResourceDefinition[] {
  const spec = definition.spec as JsonObject;
  const names = spec['names'] as JsonObject;
  const texts = (key: string): string[] => (Array.isArray(names[key]) ? names[key].map(String) : []);
  return listAt(spec, 'versions')
    .filter((version) => version['served'] !== false)
    .map((version) => ({
      group: String(spec['group']),
      version: String(version['name']),
      plural: String(names['plural']),
      singular: String(names['singular']),
      kind: String(names['kind']),
      namespaced: spec['scope'] === 'Namespaced',
      shortNames: texts('shortNames'),
      categories: texts('categories'),
      subresources: Object.keys(isJsonObject(version['subresources']) ? version['subresources'] : {}),
      hasGeneration: true,
      isCustom: true,
      verbs: objectVerbs,
      printerColumns: listAt(version, 'additionalPrinterColumns') as unknown as PrinterColumn[],
    }));
}
