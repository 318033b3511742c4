import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readApplication } from './read-application.js';

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'ringfence-broken-'));
});
afterEach(() => rmSync(cwd, { recursive: true, force: true }));

/** Each level holds the one before it nine times. */
function bomb(levels: number): string {
  const data = Array.from({ length: levels }, (_, level) => {
    const inner = level === 0 ? 'x' : `*a${level - 1}`;
    return `  k${level}: &a${level} [${Array(9).fill(inner).join(', ')}]`;
  });
  return ['apiVersion: v1', 'kind: ConfigMap', 'metadata: { name: a }', 'data:', ...data].join('\n');
}

const workload = (selector: string, labels: string): string => `
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  selector: ${selector}
  template:
    metadata: { labels: ${labels} }
    spec: { containers: [{ name: web }] }`;

const mistakes: readonly [what: string, text: string, said: string][] = [
  ['broken YAML', 'a: 1\nb: : 2', 'broken.yaml:2:4 Nested mappings are not allowed in compact mappings'],
  [
    'a template',
    '{{- if .Values.on }}\nkind: Pod\n{{- end }}',
    "is it a template? give its chart's directory instead, or what `helm template` makes of it",
  ],
  [
    'a template that happens to be YAML',
    '---\napiVersion: v1\nkind: Service\nmetadata:\n  name: {{ .Values.name }}',
    "broken.yaml:5 holds a template: give its chart's directory instead",
  ],
  [
    'tabs',
    'apiVersion: v1\nkind: Pod\nmetadata:\n\tname: a',
    'broken.yaml:4:1 Tabs are not allowed as indentation: indent with spaces',
  ],
  [
    'a line that is indented otherwise than its neighbours',
    'apiVersion: v1\nkind: Pod\nmetadata:\n   name: a\n  labels: {}',
    'broken.yaml:5:1 All mapping items must start at the same column: lines of one block begin at the same column',
  ],
  [
    'a colon without its space',
    'apiVersion: v1\nkind:Pod\nmetadata: { name: a }',
    "broken.yaml:2:1 Implicit keys need to be on a single line: write 'key: value', with a space after the colon",
  ],
  [
    'a merge that was not finished',
    'apiVersion: v1\n<<<<<<< HEAD\nkind: Pod\n=======\nkind: Service\n>>>>>>> feature\n',
    'broken.yaml:2:1 Implicit keys need to be on a single line: finish the merge of which git left its marks',
  ],
  [
    'lines that end as on Windows, with their right numbers',
    'apiVersion: v1\r\nkind: Pod\r\nmetadata: { name: a }\r\n---\r\nkind: Pod\r\n',
    'broken.yaml:5 has no apiVersion',
  ],
  [
    'a second document that is broken',
    '# the first is well\napiVersion: v1\nkind: ConfigMap\nmetadata: { name: a }\n---\nkind: [Pod\n',
    'broken.yaml:7:1 Flow sequence in block collection must be sufficiently indented and end with a ]',
  ],
  [
    'what PowerShell writes, and any binary',
    Buffer.from('\ufeffkind: Pod', 'utf16le').toString(),
    'broken.yaml:1 is no text in UTF-8',
  ],
  [
    'anchors that grow without bound',
    bomb(9),
    'broken.yaml:1 expands its anchors without bound: write out what its aliases (*) stand for',
  ],
  [
    'an anchor that holds itself',
    'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: a }\ndata: &data\n  more: *data',
    'broken.yaml:1 is larger than the 1.5 MiB that a cluster keeps of one object',
  ],
  ['nesting without end', `a: ${'['.repeat(100_000)}`, 'broken.yaml:1 is nested deeper than can be read'],
  [
    'an object of ten megabytes',
    `kind: List\napiVersion: v1\nitems: []\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: { name: a }\ndata:\n  a: ${'a'.repeat(10_000_000)}`,
    'broken.yaml:4 is larger than the 1.5 MiB that a cluster keeps of one object: make several of it',
  ],
  [
    'ten megabytes of something else',
    ': } {\n'.repeat(1_700_000),
    'broken.yaml:1 is larger than the 1.5 MiB that a cluster keeps of one object',
  ],
  ['an object twice-keyed', 'kind: Pod\nkind: Pod', 'broken.yaml:2:1 Map keys must be unique'],
  [
    'text instead of an object',
    'hello',
    'broken.yaml:1 is no object but a text: separate objects by a line ---',
  ],
  [
    'no kind at all',
    'metadata: { name: a }',
    'broken.yaml:1 has neither apiVersion nor kind: it is no Kubernetes object',
  ],
  ['no version', 'kind: Pod', 'broken.yaml:1 has no apiVersion: kubectl api-resources shows that of Pod'],
  [
    'no name',
    '\napiVersion: v1\nkind: Pod\nmetadata: {}',
    'broken.yaml:2 is a Pod without a name: write metadata.name',
  ],
  [
    'a number as name',
    'apiVersion: v1\nkind: Pod\nmetadata: { name: 12 }',
    'broken.yaml:1 has a name that is no text: write name: "12"',
  ],
  [
    'a misspelt kind',
    'apiVersion: apps/v1\nkind: Deploymnt\nmetadata: { name: a }',
    'broken.yaml:1 apps/v1 has no kind Deploymnt: did you mean Deployment?',
  ],
  [
    'a kind that there is not',
    'apiVersion: apps/v1\nkind: Fleet\nmetadata: { name: a }',
    'broken.yaml:1 apps/v1 has no kind Fleet, only Deployment, ReplicaSet, DaemonSet, StatefulSet',
  ],
  [
    'a selector that does not match',
    workload('{ matchLabels: { app: web } }', '{ app: shop }'),
    'broken.yaml:2 Deployment web: spec.template.metadata.labels: Invalid value: {"app":"shop"}: `selector` does not match template `labels`',
  ],
  [
    'a workload without a specification',
    'apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: web }\nspec:\nreplicas: 2',
    'broken.yaml:1 Deployment web: spec.selector: Required value',
  ],
  [
    'a name that no object can have',
    'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: My_Settings }',
    'broken.yaml:1 ConfigMap My_Settings: metadata.name: Invalid value: "My_Settings"',
  ],
  [
    'a kind of another version',
    'apiVersion: v1\nkind: Deployment\nmetadata: { name: a }',
    'broken.yaml:1 v1 has no kind Deployment: write apiVersion: apps/v1',
  ],
  [
    'a misspelt group',
    'apiVersion: app/v1\nkind: Deployment\nmetadata: { name: a }',
    'broken.yaml:1 app/v1 has no kind Deployment: write apiVersion: apps/v1',
  ],
  [
    'an impossible namespace',
    'apiVersion: v1\nkind: Pod\nmetadata: { name: a, namespace: My_Shop }',
    `broken.yaml:1 "My_Shop" can be no namespace's name: lower-case letters, digits and '-'`,
  ],
  [
    'another namespace than the one asked for',
    'apiVersion: v1\nkind: Pod\nmetadata: { name: a, namespace: bank }',
    "broken.yaml:1 is in the namespace bank, not in shop: leave out --namespace, or the object's",
  ],
  [
    'a list of texts',
    'apiVersion: v1\nkind: List\nitems: [a]',
    "broken.yaml:3 is no object: each of a list's items is one",
  ],
];

describe('a mistake in a manifest is told before anything is started, with its line', () => {
  for (const [what, text, said] of mistakes) {
    it(what, () => {
      writeFileSync(join(cwd, 'broken.yaml'), text);
      expect(() => readApplication(['broken.yaml'], { cwd, namespace: 'shop' })).toThrow(said);
    });
  }
});
