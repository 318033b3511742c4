/** With the machine's kubectl and helm, or with those that npm carries. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readApplication } from '../read-application.js';
import type { ReadingOptions } from '../read-application.js';
import { asInstalled } from './chart-hooks.js';

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'ringfence-rendering-'));
});
afterEach(() => rmSync(cwd, { recursive: true, force: true }));

function write(files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(cwd, name)), { recursive: true });
    writeFileSync(join(cwd, name), text);
  }
}
const configMap = (name: string, namespace?: string): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: ${name}${namespace ? `, namespace: ${namespace}` : ''} }\n`;
/** What is applied, in order, and what is not. */
function installed(named: string, options: Partial<ReadingOptions> = {}): string[] {
  const { objects, leftOut } = asInstalled(readApplication([named], { cwd, ...options }));
  return [
    ...objects.map(
      ({ manifest: { kind, metadata }, place }) =>
        `${kind} ${metadata.namespace ?? ''}/${metadata.name} ${place}`,
    ),
    ...leftOut.map(({ object, why }) => `- ${object}: ${why}`),
  ];
}

const BASE = {
  'base/kustomization.yaml': 'resources: [map.yaml]\n',
  'base/map.yaml': configMap('settings'),
};

describe('a kustomization', () => {
  it('is rendered, its bases included, by its folder or by its file', () => {
    write({ ...BASE, 'overlays/prod/kustomization.yml': 'resources: [../../base]\nnamePrefix: prod-\n' });
    const expected = ['ConfigMap shop/prod-settings overlays/prod'];
    expect(installed('overlays/prod', { namespace: 'shop' })).toEqual(expected);
    expect(installed('overlays/prod/kustomization.yml', { namespace: 'shop' })).toEqual(expected);
  });

  it.each([
    ['resources: [map.yaml\n', 'invalid Kustomization: yaml: '],
    ['resources: [gone.yaml]\n', "'gone.yaml'"],
    ['resources: [../outside.yaml]\n', 'is not in or below'],
    ['resources: ["https://127.0.0.1:1/base.yaml"]\n', "from 'https://127.0.0.1:1/base.yaml'"],
  ])('that cannot be rendered is refused in words: %s', (text, said) => {
    write({ ...BASE, 'base/kustomization.yaml': text, 'outside.yaml': configMap('outside') });
    let words = '';
    try {
      installed('base');
    } catch (error) {
      words = (error as Error).message;
    }
    expect(words).toMatch(/^nothing was started: kubectl kustomize base:\n {2}/);
    expect(words).toContain(said);
    expect(words.split('\n').length).toBeLessThanOrEqual(7);
  });
});

const CHART = {
  'chart/Chart.yaml': 'apiVersion: v2\nname: shop\nversion: 1.0.0\n',
  'chart/values.yaml': 'color: blue\n',
  'chart/crds/zones.yaml': `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: zones.example.com }
spec: { group: example.com, scope: Namespaced, names: { kind: Zone, plural: zones }, versions: [{ name: v1 }] }
`,
  'chart/templates/NOTES.txt': 'Thank you for installing {{ .Chart.Name }}: no manifest at all.\n',
  'chart/templates/map.yaml': `${configMap('{{ .Release.Name }}-{{ .Values.color }}')}---
apiVersion: example.com/v1
kind: Zone
metadata: { name: north }
---
${configMap('elsewhere', 'kube-system')}`,
  'chart/templates/migrate.yaml': `apiVersion: batch/v1
kind: Job
metadata: { name: migrate, annotations: { helm.sh/hook: pre-install } }
spec: { template: { spec: { restartPolicy: Never, containers: [{ name: migrate, image: migrate }] } } }
`,
  'chart/templates/tests/try.yaml': `apiVersion: v1
kind: Pod
metadata: { name: try, annotations: { helm.sh/hook: test } }
spec: { containers: [{ name: try, image: try }] }
`,
};

describe('a Helm chart', () => {
  it('becomes what helm would install: definitions, hooks before it, its objects; no notes and no tests', () => {
    write(CHART);
    expect(installed('chart', { namespace: 'prod' })).toEqual([
      'Job prod/migrate chart/templates/migrate.yaml',
      'CustomResourceDefinition /zones.example.com chart/crds/zones.yaml',
      'ConfigMap prod/shop-blue chart/templates/map.yaml',
      'ConfigMap kube-system/elsewhere chart/templates/map.yaml',
      'Zone prod/north chart/templates/map.yaml',
      '- Pod try: a hook for test: an installation does not make it',
    ]);
  });

  it('takes values, from files and one by one', () => {
    write({ ...CHART, 'prod.yaml': 'color: red\n' });
    expect(installed('chart/Chart.yaml', { values: ['prod.yaml'] })).toContain(
      'ConfigMap default/shop-red chart/templates/map.yaml',
    );
    expect(installed('chart', { values: ['prod.yaml'], set: ['color=green'] })).toContain(
      'ConfigMap default/shop-green chart/templates/map.yaml',
    );
    expect(() => installed('chart', { values: ['gone.yaml'] })).toThrow('--values gone.yaml: no such file');
  });

  it.each([
    [
      'a dependency is missing',
      {
        'chart/Chart.yaml': `${CHART['chart/Chart.yaml']}dependencies: [{ name: redis, version: 1.0.0, repository: 'https://127.0.0.1:1' }]\n`,
      },
      'missing in charts/ directory: redis',
    ],
    [
      'a template is broken',
      { 'chart/templates/bad.yaml': 'a: {{ .Values.x.y }}' },
      'shop/templates/bad.yaml:1:13',
    ],
    [
      'a template includes itself',
      { 'chart/templates/bad.yaml': '{{ define "x" }}{{ include "x" . }}{{ end }}{{ include "x" . }}' },
      'nested reference',
    ],
    ['its description is broken', { 'chart/Chart.yaml': 'name: [' }, 'Chart.yaml'],
    [
      'its values do not fit',
      { 'chart/values.schema.json': '{"required":["tag"]}' },
      "missing property 'tag'",
    ],
  ])('is refused in words when %s', (_what, files, said) => {
    write({ ...CHART, ...files });
    let words = '';
    try {
      installed('chart');
    } catch (error) {
      words = (error as Error).message;
    }
    expect(words).toMatch(/^nothing was started: helm template chart:\n {2}/);
    expect(words).toContain(said);
    expect(words.split('\n').length).toBeLessThanOrEqual(7);
  });
});
