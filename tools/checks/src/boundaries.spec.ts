/** What lint must refuse, planted one by one into a place where it does not belong, under a name that a real file could have. */
import { join } from 'node:path';
import { ESLint } from 'eslint';
import { describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '..', '..', '..');
const BOUNDARIES = [
  '@ringfence/allowed-imports',
  'no-restricted-imports',
  'no-restricted-globals',
  'no-restricted-properties',
  'no-restricted-syntax',
  'no-undef',
  'no-console',
];

/** Only the rules that need no types and no project graph: those are ESLint's and Nx's own to test. */
const eslint = new ESLint({
  cwd: ROOT,
  ruleFilter: ({ ruleId }) => BOUNDARIES.includes(ruleId),
  overrideConfig: {
    languageOptions: { parserOptions: { projectService: false } },
    linterOptions: { reportUnusedDisableDirectives: 'off' },
  },
});

async function refusals(file: string, code: string): Promise<string[]> {
  const [result] = await eslint.lintText(`${code}\n`, { filePath: join(ROOT, file) });
  return result!.messages.map(({ ruleId, message }) => ruleId ?? message);
}

const PURE = ['libs/labels/src/planted.ts', 'libs/cluster-facts/src/deep/planted.ts'];
const DOMAIN = [
  'services/policy-compute/src/objects/planted.ts',
  'services/inventory/src/domain/planted.ts',
  'services/cven/src/domain/deep/planted.ts',
];

const IMPURE: Readonly<Record<string, string>> = {
  'a module of Node without its prefix': `import { createHash } from 'crypto'; export const it = createHash;`,
  'a module of Node': `import { createHash } from 'node:crypto'; export const it = createHash;`,
  'a type of a module of Node': `import type { Server } from 'node:http'; export type It = Server;`,
  'a logger': `import { pino } from 'pino'; export const it = pino();`,
  telemetry: `import { trace } from '@opentelemetry/api'; export const it = trace;`,
  'native code': `import koffi from 'koffi'; export const it = koffi;`,
  'the event store': `import { openEventStore } from '@ringfence/event-store'; export const it = openEventStore;`,
  'the bus': `export { connectBus } from '@ringfence/bus';`,
  'the reader of Kubernetes': `import type { ApiClient } from '@ringfence/kubernetes'; export type It = ApiClient;`,
  'a door of an adapter': `import { it } from '@ringfence/bus/nest'; export const that = it;`,
  'a type by its path': `export type It = import('pg').Pool;`,
  'a package that nobody has thought of': `import { it } from 'left-pad'; export const that = it;`,
  'an import while it runs': `export const it = import('node:fs');`,
  'an async function': `export async function it(): Promise<void> {}`,
  'an async arrow': `export const it = async () => 1;`,
  'an async method': `export const it = { async that() {} };`,
  'a promise': `export const it = Promise.resolve(1);`,
  'the type of a promise': `export type It = () => Promise<void>;`,
  'what time it is': `export const it = new Date();`,
  'what time it is, as text': `export const it = Date();`,
  'what time it is, in ms': `export const it = Date.now();`,
  'how long it runs': `export const it = performance.now();`,
  chance: `export const it = Math.random();`,
  'chance of the platform': `export const it = crypto.randomUUID();`,
  'a timer': `setTimeout(() => undefined, 1);`,
  'a clock in a signal': `export const it = AbortSignal.timeout(1);`,
  'the network': `export const it = fetch('http://x');`,
  'the environment': `export const it = process.env['X'];`,
  'the console': `console.log('x');`,
  'everything by its other name': `export const it = globalThis.process;`,
};

describe.each([...PURE, ...DOMAIN])('lint of %s', (file) => {
  it.each(Object.entries(IMPURE))('refuses %s', async (_, code) => {
    expect(await refusals(file, code)).not.toEqual([]);
  });

  it('lets pass what is pure', async () => {
    const code = `
      import { z } from 'zod';
      import { subjects } from '@ringfence/contracts';
      import type { KubeObject } from '@ringfence/cluster-facts';
      import { near } from './near.js';
      export const it = z.object({ near, subjects });
      export type It = KubeObject;
      export const day = (at: string): string => new Date(at).toISOString().slice(0, 10);
    `;
    expect(await refusals(file, code)).toEqual([]);
  });

  it('lets a spec beside it do what it needs', async () => {
    const code = `import { readFileSync } from 'node:fs'; import { it } from 'vitest'; it('x', async () => readFileSync('x'));`;
    expect(await refusals(file.replace('.ts', '.spec.ts'), code)).toEqual([]);
  });
});

describe('lint of all code', () => {
  const FORMS: Readonly<Record<string, string>> = {
    'a member hidden by its name': `export class It { #it = 1; that() { return this.#it; } }`,
    'an export without a name': `export default 1;`,
    'an export of everything': `export * from './near.js';`,
    'an enum': `export enum It { That }`,
    'a namespace': `export namespace It { export const that = 1; }`,
  };
  const places = [...PURE, ...DOMAIN, 'libs/bus/src/planted.ts', 'tools/up/src/planted.spec.ts'];

  it.each(Object.entries(FORMS))('refuses %s', async (_, code) => {
    for (const file of places) expect(await refusals(file, code)).toContain('no-restricted-syntax');
  });

  it('lets a class keep to itself what is private', async () => {
    const code = `export class It { private that = 1; constructor(private readonly it: number) {} }`;
    for (const file of places) expect(await refusals(file, code)).toEqual([]);
  });
});

describe('lint of a service', () => {
  it.each([
    ['services/inventory/src/domain/planted.ts', '../adapters/rest.js'],
    ['services/inventory/src/domain/deep/planted.ts', '../../adapters/rest.js'],
    ['services/inventory/src/domain/planted.ts', '../read/clusters.js'],
    ['services/inventory/src/domain/planted.ts', '../inventory.module.js'],
    ['services/kubelink/src/domain/planted.ts', '../adapters/cluster-watch.js'],
    ['services/cven/src/domain/planted.ts', '../adapters/files.js'],
    ['services/cven/src/domain/planted.ts', '../kernel/helper.js'],
    ['services/inventory/src/read/planted.ts', '../adapters/rest.js'],
    ['services/inventory/src/read/deep/planted.ts', '../../adapters/facts/rest.js'],
    ['services/inventory/src/read/planted.ts', '../inventory.module.js'],
    ['services/flow-ingest/src/read/planted.ts', '../store/postgres/flow-table.js'],
  ])('refuses that %s imports %s', async (file, specifier) => {
    const code = `import { it } from '${specifier}'; export const that = it;`;
    expect(await refusals(file, code)).toEqual(['@ringfence/allowed-imports']);
  });

  it.each([
    ['services/inventory/src/domain/deep/planted.ts', '../near.js'],
    ['services/inventory/src/read/planted.ts', '../domain/near.js'],
    ['services/flow-ingest/src/read/planted.ts', '../store/port/flow-store.js'],
    ['services/inventory/src/read/planted.ts', 'pg'],
    ['services/inventory/src/adapters/planted.ts', '../read/clusters.js'],
  ])('lets %s import %s', async (file, specifier) => {
    const code = `import { it } from '${specifier}'; export const that = it;`;
    expect(await refusals(file, code)).toEqual([]);
  });
});

describe('lint of an agent', () => {
  const HEAVY = [
    '@nestjs/core',
    '@nestjs/microservices',
    'fastify',
    '@fastify/static',
    '@ringfence/bus/nest',
  ];
  const DATABASES = ['typeorm', 'pg', '@ringfence/event-store', '@ringfence/event-store/typeorm'];
  const places = ['services/cven/src/planted.ts', 'services/kubelink/src/adapters/planted.ts'];

  it.each([...places, 'libs/edge/src/planted.ts'])(
    'keeps web framework and database out of %s',
    async (file) => {
      for (const specifier of [...HEAVY, ...DATABASES])
        expect(
          await refusals(file, `export type It = typeof import('${specifier}');\nimport '${specifier}';`),
        ).toContain('no-restricted-imports');
    },
  );
});

describe('what is made for tests', () => {
  const USES = [
    '@ringfence/testing',
    '@ringfence/decider/testing',
    './testing/world.js',
    '../testing.js',
    'vitest',
    'fast-check',
  ];

  it.each(USES)('is refused to what runs: %s', async (specifier) => {
    const code = `import { it } from '${specifier}'; export const that = it;`;
    for (const file of ['services/inventory/src/adapters/planted.ts', 'libs/bus/src/planted.ts'])
      expect(await refusals(file, code)).toEqual(['no-restricted-imports']);
  });

  it.each(USES)('is for specs and folders named testing: %s', async (specifier) => {
    const code = `import { it } from '${specifier}'; export const that = it;`;
    for (const file of ['libs/bus/src/planted.int.spec.ts', 'services/inventory/src/testing/planted.ts'])
      expect(await refusals(file, code)).toEqual([]);
  });
});
