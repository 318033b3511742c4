/**
 * What the cluster serves, as data: one row per kind, plus the rows that custom resource definitions add while it runs.
 * Behaviour that differs by kind (defaults, columns, validation) is keyed by these rows and lives beside its own subject.
 */
import { apiVersionOf, resourceName } from './resource-definition.js';
import type { ResourceDefinition } from './resource-definition.js';
import { resourceRows } from './resource-rows.js';

export class ResourceCatalog {
  private readonly definitions = new Map<string, ResourceDefinition>();

  constructor() {
    for (const row of resourceRows) this.add(row);
  }

  add(definition: ResourceDefinition): void {
    this.definitions.set(`${apiVersionOf(definition)}/${definition.plural}`, definition);
  }

  /** Takes every version of a custom kind out of service. */
  removeCustom(group: string, plural: string): void {
    for (const [key, definition] of this.definitions) {
      if (definition.isCustom && definition.group === group && definition.plural === plural)
        this.definitions.delete(key);
    }
  }

  find(apiVersion: string, plural: string): ResourceDefinition | undefined {
    return this.definitions.get(`${apiVersion}/${plural}`);
  }

  findKind(apiVersion: string, kind: string): ResourceDefinition | undefined {
    return this.all().find(
      (definition) => definition.kind === kind && apiVersionOf(definition) === apiVersion,
    );
  }

  /** By `plural` or `plural.group`; of several versions the one that was added first. */
  named(name: string): ResourceDefinition {
    const found = this.all().find((definition) => resourceName(definition) === name);
    if (found === undefined) throw new Error(`the catalog has no resource ${name}`);
    return found;
  }

  all(): ResourceDefinition[] {
    return [...this.definitions.values()];
  }

  groupVersions(): { group: string; version: string }[] {
    const seen = new Map<string, { group: string; version: string }>();
    for (const { group, version } of this.all())
      seen.set(apiVersionOf({ group, version }), { group, version });
    return [...seen.values()];
  }

  inGroupVersion(apiVersion: string): ResourceDefinition[] {
    return this.all().filter((definition) => apiVersionOf(definition) === apiVersion);
  }
}
