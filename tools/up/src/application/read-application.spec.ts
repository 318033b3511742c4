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
    kind: ServiceAccount
    metadata: { name: web }
  - { apiVersion: v1, kind: SecretList, items: [{ metadata: { name: key } }] }
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleList
items:
  - metadata: { name: web }
`,
    });
    expect(read(['lists.yaml'])).toEqual([
      'ServiceAccount default/web lists.yaml:5',
      'Secret default/key lists.yaml:8',
      'Role default/web lists.yaml:13',
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

  it('have their numbers as kubectl reads them: a file mode is octal', () => {
    write({ 'a.yaml': 'apiVersion: example.com/v1\nkind: File\nmetadata: { name: a }\nmode: 0640\nage: 64' });
    const [file] = readApplication(['a.yaml'], { cwd });
    expect(file?.manifest).toMatchObject({ mode: 0o640, age: 64 });
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

describe('mistakes in manifests are told', () => {
  it('all at once', () => {
    write({ 'a.yaml': 'kind: Pod\n---\napiVersion: v1', 'b.yaml': 'a: b: c' });
    expect(() => read(['a.yaml', 'b.yaml'])).toThrow(
      /: 3 mistakes in the manifests(\n {2}[ab]\.yaml:\d.*){3}$/,
    );
  });

  it('also values for charts where there is no chart', () => {
    write({ 'a.yaml': configMap('a') });
    expect(() => readApplication(['a.yaml'], { cwd, set: ['a=b'] })).toThrow(
      'no chart is among the manifests',
    );
    expect(() => readApplication([], { cwd, values: ['a.yaml'] })).toThrow('no chart is among the manifests');
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
