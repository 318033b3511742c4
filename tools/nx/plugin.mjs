/**
 * Every project's targets, inferred from the files that it has: whoever adds a project or its first spec adds no target.
 *
 *   tsconfig.json ──▶ build, lint        *.int.spec.ts ──▶ test-int
 *   *.spec.ts ──────▶ test               *.e2e.spec.ts ──▶ test-e2e
 *   vite.config.mjs ▶ build makes a page as well
 *
 * What passed is not run again while its inputs are the same. The inputs of what touches the machine hold the machine's
 * kernel and servers (`machine.mjs`), so that an upgrade runs it again; the cache never leaves the machine.
 */
const ROOT = /^(?:(?:libs|services|tools)\/[^/]+|e2e)(?=\/)/;
/** How a batch is run decides about its outcome, too. */
const runner = '{workspaceRoot}/tools/nx/*';
const machine = { runtime: 'node tools/nx/machine.mjs' };

const compiled = {
  dependsOn: ['^build'],
  inputs: ['sources', '^sources', 'compiler', runner],
  outputs: ['{projectRoot}/dist'],
  cache: true,
};

const build = {
  executor: '@ringfence/nx:build',
  ...compiled,
  metadata: { description: 'Types checked and compiled' },
};

const buildPage = {
  command:
    'node node_modules/typescript7/bin/tsc -b {projectRoot} && node node_modules/vite/bin/vite.js build {projectRoot}',
  ...compiled,
  metadata: { description: 'Types checked, and what a browser loads' },
};

const lint = {
  executor: '@ringfence/nx:lint',
  // The types of other projects decide what lint sees.
  inputs: ['sources', '^sources', 'compiler', 'boundaries', runner],
  cache: true,
  metadata: { description: 'Style, budgets and boundaries' },
};

/** `inputs` beside what every test has; a batch (`executors.json`) unless it is its own command. */
function test(tier, inputs, more) {
  return {
    inputs: [...inputs, 'compiler', 'tests', runner],
    outputs: [`{workspaceRoot}/test-results/${tier}/{projectRoot}.json`],
    cache: true,
    ...more,
  };
}

const everyBuild = [{ target: 'build', projects: '*' }];

/** The dearest thing that a spec uses decides which target runs it, as its suffix says. */
const TESTS = {
  test: {
    suffix: /(?<!\.int|\.e2e)\.spec\.tsx?$/,
    target: test('unit', ['sources', '^sources'], {
      executor: '@ringfence/nx:test',
      metadata: { description: 'Tests that need nothing but memory' },
    }),
  },
  'test-int': {
    suffix: /\.int\.spec\.ts$/,
    target: test('int', ['sources', '^sources', machine], {
      executor: '@ringfence/nx:test-int',
      // Of all, so that all become due together: a batch is what is due at one moment, and several take twice as long as one.
      dependsOn: everyBuild,
      metadata: { description: 'Tests with real servers, a real runtime and a real kernel' },
    }),
  },
  'test-e2e': {
    suffix: /\.e2e\.spec\.ts$/,
    target: test('e2e', ['everything', machine], {
      // Not Nx' parallel commands: those end the others when one fails, and what was ended looks like what failed.
      command: 'node tools/nx/scenarios.mjs {projectRoot}',
      outputs: ['{workspaceRoot}/test-results/e2e/{projectRoot}-*.json'],
      // It starts every process of the system, also those that it does not import.
      dependsOn: everyBuild,
      parallelism: false,
      metadata: { description: 'Scenarios with the whole system' },
    }),
  },
};

function targetsOf(files) {
  const has = (name) => files.some((file) => name.test(file));
  const tests = Object.entries(TESTS).filter(([, { suffix }]) => has(suffix));
  return {
    ...(has(/\/tsconfig\.json$/) ? { build: has(/\/vite\.config\.mjs$/) ? buildPage : build, lint } : {}),
    ...Object.fromEntries(tests.map(([name, { target }]) => [name, target])),
  };
}

export const name = '@ringfence/nx';

export const createNodesV2 = [
  '{libs,services,tools,e2e}/**/{package.json,tsconfig.json,vite.config.mjs,*.spec.ts,*.spec.tsx}',
  (files) => {
    const roots = new Set(files.map((file) => ROOT.exec(file)?.[0]));
    roots.delete(undefined);
    return [...roots].map((root) => {
      const own = files.filter((file) => file.startsWith(`${root}/`));
      return [own[0], { projects: { [root]: { targets: targetsOf(own) } } }];
    });
  },
];
