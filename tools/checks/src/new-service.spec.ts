/** What `npx nx g @ringfence/nx:service` makes is what the services of the control plane are. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';

interface Tree {
  exists(path: string): boolean;
  read(path: string): string;
  write(path: string, text: string): void;
}
type Generator = (tree: Tree, options: { name: string; purpose: string }) => () => void;

const ROOT = join(import.meta.dirname, '..', '..', '..');
const here = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const written = new Map<string, string>();
const tree: Tree = {
  exists: (path) => written.has(path) || existsSync(join(ROOT, path)),
  read: (path) => written.get(path) ?? here(path),
  write: (path, text) => void written.set(path, text),
};
const ofControlPlane = readdirSync(join(ROOT, 'services')).filter((name) => {
  const path = join('services', name, 'package.json');
  return tree.exists(path) && here(path).includes('"zone:core"');
});
const headings = (text: string): string[] => text.match(/^## .+$/gm) ?? [];
let newService: Generator;

describe('a new service', () => {
  beforeAll(async () => {
    const path = join(ROOT, 'tools/nx/new-service.mjs');
    ({ newService } = (await import(path)) as { newService: Generator });
    newService(tree, { name: 'zone-keeper', purpose: 'Keeps zones.' });
  });

  it.each(ofControlPlane)('has the files and the headings that %s has', (name) => {
    for (const [path, text] of written) {
      if (!path.startsWith('services/')) continue;
      const same = path.replaceAll('zone-keeper', name);
      expect.soft(existsSync(join(ROOT, same)), same).toBe(true);
      if (path.endsWith('README.md')) expect(headings(here(same))).toEqual(headings(text));
    }
  });

  it('is built with all others, and made once', () => {
    expect(written.get('tsconfig.json')).toContain('"services/zone-keeper"');
    expect(() => newService(tree, { name: 'zone-keeper', purpose: '' })).toThrow('there already');
  });
});
