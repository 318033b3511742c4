/**
 * `npx nx g @ringfence/nx:service <name> --purpose "…"`: a service of the control plane in the form that all have.
 *
 *   main.ts ─▶ <name>.module.ts (Nest, the bus, readiness) ─▶ <name>.ts (the parts, without a framework) ─▶ domain/, adapters/, read/
 */
const LIBS = ['contracts', 'bus', 'service-host'];

export function newService(tree, { name, purpose }) {
  const root = `services/${name}`;
  if (tree.exists(`${root}/package.json`)) throw new Error(`${root} is there already`);
  const { version } = JSON.parse(tree.read('package.json', 'utf8'));
  const type = name.replace(/(?:^|-)(.)/g, (_, first) => first.toUpperCase());
  const words = { name, purpose, type, version, field: `${type[0].toLowerCase()}${type.slice(1)}` };
  tree.write(`${root}/package.json`, json(packageJson(words)));
  tree.write(`${root}/tsconfig.json`, json(TSCONFIG));
  for (const [file, text] of Object.entries(files(words))) tree.write(`${root}/${file}`, text);
  const workspace = JSON.parse(tree.read('tsconfig.json', 'utf8'));
  workspace.references.push({ path: root });
  tree.write('tsconfig.json', json(workspace));
  return () => process.stdout.write(next(words));
}

/** A list of one stays on its line, as Prettier has it. */
const json = (value) => `${JSON.stringify(value, null, 2).replace(/\[\s+("[^"]*")\s+\]/g, '[$1]')}\n`;

const next = ({ name }) => `
Next: npm install, so that others find @ringfence/${name}. Its events and calls: libs/contracts, with HEALTH_CALLS and the gateway's
manifest, so that /health knows of it. Who may say what on which subject: its own manifest, from which its permissions follow. That npm start
runs it: tools/up/src/control-plane.ts and nats.ts. Its lane: tools/checks/src/flow-graph.ts.
`;

function packageJson({ name, purpose, version }) {
  const libs = LIBS.map((lib) => `@ringfence/${lib}`);
  return {
    name: `@ringfence/${name}`,
    version,
    private: true,
    description: purpose,
    type: 'module',
    exports: {
      './manifest': {
        '@ringfence/source': './src/manifest.ts',
        types: './dist/manifest.d.ts',
        default: './dist/manifest.js',
      },
    },
    dependencies: Object.fromEntries(
      ['@nestjs/common', ...libs, 'reflect-metadata', 'zod'].sort().map((each) => [each, '*']),
    ),
    nx: { tags: ['layer:service', 'zone:core'] },
  };
}

const TSCONFIG = {
  extends: '../../tsconfig.base.json',
  compilerOptions: { rootDir: 'src', outDir: 'dist', tsBuildInfoFile: 'dist/.tsbuildinfo' },
  include: ['src'],
  references: LIBS.map((lib) => ({ path: `../../libs/${lib}` })),
};

const files = (words) => ({
  'README.md': readme(words),
  'src/main.ts': main(words),
  'src/config.ts': config(words),
  'src/manifest.ts': manifest(words),
  [`src/${words.name}.ts`]: parts(words),
  [`src/${words.name}.module.ts`]: module(words),
});

const readme = ({ name, purpose }) => `# ${name}

## Purpose

${purpose}

## Consumes

Nothing yet.

## Emits

Nothing yet.

## Invariants

- None yet.

## When it fails

- NATS away: \`/readyz\` says so.
`;

const main = ({ name, type }) => `import { run } from '@ringfence/service-host';
import { Config } from './config.js';
import { manifest } from './manifest.js';
import { start${type} } from './${name}.module.js';

run({ manifest, config: Config, start: start${type} });
`;

const config = ({ name }) => `/** The environment of ${name}. */
import { z } from 'zod';

const optional = z
  .string()
  .transform((text) => (text === '' ? undefined : text))
  .optional();

export const Config = z.object({
  NATS_URL: z.string().min(1),
  /** A creds file (JWT and seed); empty or none: the server asks for no credential. */
  NATS_CREDS: optional,
  /** Path of the CA that our servers' certificates are verified by; none: the system's. */
  RINGFENCE_CA: optional,
});
export type Config = z.output<typeof Config>;
`;

const manifest = ({ name }) => `import type { ServiceManifest } from '@ringfence/contracts';

export const manifest = {
  service: '${name}',
  consumes: [],
  emits: [],
  serves: [],
  calls: [],
} as const satisfies ServiceManifest;
`;

const parts = ({
  name,
  type,
}) => `/** Puts ${name} together, without a framework. The module gives the parts to Nest's transports. */
export interface ${type} {
  close(): Promise<void>;
}

export function open${type}(): ${type} {
  return { close: () => Promise.resolve() };
}
`;

const module = ({
  name,
  type,
  field,
}) => `/** The wiring of ${name} to its process. ${name}.ts puts the parts together; Nest carries calls. */
import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { openControlBus } from '@ringfence/bus';
import { startNestOnBus } from '@ringfence/bus/nest';
import { nestLogger } from '@ringfence/service-host';
import type { HostContext, RunningService } from '@ringfence/service-host';
import type { Config } from './config.js';
import { manifest } from './manifest.js';
import { open${type} } from './${name}.js';

@Module({})
class ${type}Module {}

export async function start${type}(context: HostContext<Config>): Promise<RunningService> {
  const { logger, onShutdown } = context;
  const { bus, connection } = await openControlBus(context, manifest);
  const ${field} = open${type}();
  onShutdown(() => ${field}.close());
  const app = await startNestOnBus({
    module: ${type}Module,
    nestLogger: nestLogger(logger),
    bus,
    connection,
    manifest,
    onUnexpected: (error) => logger.error({ err: error }, 'a call failed'),
  });
  return { drain: () => app.close() };
}
`;
