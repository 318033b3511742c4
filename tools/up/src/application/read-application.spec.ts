import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readApplication } from './read-application.js';

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'ringfence-manifests-'));
});
afterEach(() => rmSync(cwd, { recursive: true, force: true }));

function write(files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(cwd, name)), { recursive: true });
    writeFileSync(join(cwd, name), text);
  }
}
const configMap = (name: string, namespace?: string): string =>
  JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace } });
/** `namespace/name` and where it is written. */
function read(named: readonly string[], namespace?: string): string[] {
  return readApplication(named, { cwd, namespace }).map(
    ({ manifest: { kind, metadata }, place }) =>
      `${kind} ${metadata.namespace ?? ''}/${metadata.name} ${place}`,
  );
}

describe('the manifests of an application', () => {
  it('are files, directories as kubectl reads them, and globs', () => {
    write({
      'app/b.yaml': configMap('b'),
      'app/a.yml': configMap('a'),
      'app/README.md': 'no: manifest: at all',
      'app/values.yaml': 'replicas: 2',
      'app/more/c.json': configMap('c'),
    });
    expect(read(['app/b.yaml'])).toEqual(['ConfigMap default/b app/b.yaml:1']);
    expect(read(['app'])).toEqual(['ConfigMap default/a app/a.yml:1', 'ConfigMap default/b app/b.yaml:1']);
    expect(read(['app/**'])).toHaveLength(3);
    expect(read(['app/**/c.*', 'app/?.yml'])).toEqual([
      'ConfigMap default/c app/more/c.json:1',
      'ConfigMap default/a app/a.yml:1',
    ]);
  });

  it('may be lists of any kind, and each object of them has its line', () => {
    write({
      'lists.yaml': `# A list, and a list of one kind whose items do not say it.
apiVersion: v1
kind: List
items:
  - apiVersion: v1
    kind: Service
    metadata: { name: web }
  - { apiVersion: v1, kind: SecretList, items: [{ metadata: { name: key } }] }
---
apiVersion: apps/v1
kind: DeploymentList
items:
  - metadata: { name: web }
`,
    });
    expect(read(['lists.yaml'])).toEqual([
      'Service default/web lists.yaml:5',
      'Secret default/key lists.yaml:8',
      'Deployment default/web lists.yaml:13',
    ]);
  });

  it('go to the namespace that is asked for if they name none; what has no namespace stays without', () => {
    write({
      'a.yaml': `${configMap('a')}\n---\n${configMap('b', 'shop')}\n---\napiVersion: v1\nkind: Namespace\nmetadata: { name: shop }`,
    });
    expect(read(['a.yaml'], 'shop')).toEqual([
      'ConfigMap shop/a a.yaml:1',
      'ConfigMap shop/b a.yaml:3',
      'Namespace /shop a.yaml:5',
    ]);
  });

  it('know the kinds that they define', () => {
    write({
      'crd.yaml': `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: zones.example.com }
spec: { group: example.com, scope: Cluster, names: { kind: Zone, plural: zones }, versions: [{ name: v1 }] }
---
apiVersion: example.com/v1
kind: Zone
metadata: { name: north }`,
    });
    expect(read(['crd.yaml'], 'shop')[1]).toBe('Zone /north crd.yaml:6');
  });

  it('are left to the cluster where only it can know: others’ kinds, and versions that are gone', () => {
    write({
      'a.yaml':
        'apiVersion: extensions/v1beta1\nkind: Ingress\nmetadata: { name: a }\n---\napiVersion: kyverno.io/v1\nkind: Policy\nmetadata: { name: a }',
    });
    expect(read(['a.yaml'])).toHaveLength(2);
  });
});

const mistakes: readonly [what: string, text: string, said: string][] = [
  ['broken YAML', 'a: 1\nb: : 2', 'broken.yaml:2:4 Nested mappings are not allowed in compact mappings'],
  [
    'a template',
    '{{- if .Values.on }}\nkind: Pod\n{{- end }}',
    "(a template? Give its chart's directory instead)",
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
      write({ 'broken.yaml': text });
      expect(() => read(['broken.yaml'], 'shop')).toThrow(said);
    });
  }

  it('all at once', () => {
    write({ 'a.yaml': 'kind: Pod\n---\napiVersion: v1', 'b.yaml': 'a: b: c' });
    expect(() => read(['a.yaml', 'b.yaml'])).toThrow(
      /: 3 mistakes in the manifests(\n {2}[ab]\.yaml:\d.*){3}$/,
    );
  });

  it('also when there is nothing to read', () => {
    write({ 'empty/below/a.yaml': configMap('a'), 'comment.yaml': '# nothing' });
    expect(() => read(['nowhere.yaml'])).toThrow('nowhere.yaml: no such file or directory');
    expect(() => read(['*.json'])).toThrow('*.json: matches no file');
    expect(() => read(['empty'])).toThrow(
      "empty: holds no .yaml, .yml or .json itself; 'empty/**' also looks below",
    );
    expect(() => read(['comment.yaml'])).toThrow('comment.yaml: no Kubernetes object in there');
  });
});
