/** What people copy: the examples of docs/policy-files.md, and the templates. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parsePolicyDocuments } from './policy-documents.js';
import type { ParsedPolicy } from './policy-documents.js';
import { PolicyFile } from './policy-file.js';
import { NAMED_KINDS } from './policy-kinds.js';
import { NameBook, withOwn } from './policy-known.js';
import type { Known } from './policy-known.js';
import { policyTranslation } from './policy-translation.js';

const ROOT = join(import.meta.dirname, '..', '..', '..');
const text = readFileSync(join(ROOT, 'docs/policy-files.md'), 'utf8');
const examples = [...text.matchAll(/```yaml\n(.*?)```/gs)].map(([, yaml = '']) => yaml);
const templates = readdirSync(join(ROOT, 'deploy/templates')).filter((name) => name.endsWith('.yaml'));
/** Of parameters without defaults. */
const VALUES: Readonly<Record<string, string>> = {
  app: 'Risk Assessment',
  env: 'Development',
  servers: '192.0.2.1',
  service: 'database',
  workload: 'shop/db',
};

/** With everything that a new system has, and two workloads. */
function translated({ policy, at }: ParsedPolicy): void {
  const known = {
    labels: new Map(),
    labelGroups: new NameBook(),
    ipLists: new NameBook([['Any (0.0.0.0/0 and ::/0)', '/any']]),
    services: new NameBook([['All Services', '/all']]),
    virtualServices: new NameBook(),
    workloads: new NameBook([
      ['shop/db', '/db'],
      ['db-host', '/host'],
    ]),
  };
  const translate = policyTranslation(withOwn(known as unknown as Known, policy), at);
  policy.label_groups.forEach((one, i) => translate.labelGroup(one, ['label_groups', i]));
  policy.virtual_services.forEach((one, i) => {
    translate.virtualService(one, ['virtual_services', i]);
    for (const bound of one.workloads ?? []) translate.binding(bound, ['virtual_services', i]);
  });
  policy.rule_sets.forEach((one, i) => translate.ruleSet(one, ['rule_sets', i]));
  policy.boundaries.forEach((one, i) => translate.boundary(one, ['boundaries', i]));
  if (policy.firewall_settings) translate.firewallSettings(policy.firewall_settings);
}

describe('examples of policy documents', () => {
  it('are there for every kind', () => {
    const kinds = [...NAMED_KINDS, 'labels', 'label_types', 'firewall_settings', 'parameters'];
    expect(Object.keys(PolicyFile.shape).sort()).toEqual([...kinds, 'owner'].sort());
    for (const kind of kinds)
      expect(
        examples.some((one) => new RegExp(`^${kind}:`, 'm').test(one)),
        kind,
      ).toBe(true);
  });

  it.each(examples.map((one) => [one.split('\n')[0], one]))(
    'are documents that stand alone: %s',
    (_, yaml) => {
      const values = yaml!.includes('parameters:') ? new Map([['app', 'shop']]) : new Map<string, string>();
      translated(parsePolicyDocuments([{ name: 'example.yaml', text: yaml! }], values));
    },
  );
});

describe('templates', () => {
  it.each(templates)(
    '%s stands alone, says what its parameters are, and is told of in the README',
    (name) => {
      const template = { name, text: readFileSync(join(ROOT, 'deploy/templates', name), 'utf8') };
      const values = new Map(Object.entries(VALUES).filter(([key]) => template.text.includes(`\n  ${key}:`)));
      translated(parsePolicyDocuments([template], values));
      expect(template.text.startsWith('# ')).toBe(true);
      expect(readFileSync(join(ROOT, 'deploy/templates/README.md'), 'utf8')).toContain(`[${name}](${name})`);
    },
  );
});
