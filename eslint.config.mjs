/**
 * The boundaries that a machine enforces (ARCHITECTURE.md, "Layers"): who may import whom, what pure code may not
 * touch, and how large a file or function may grow.
 */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import nx from '@nx/eslint-plugin';
import tseslint from 'typescript-eslint';
import { allowedImports } from './tools/checks/eslint/allowed-imports.mjs';

const manifestOf = (folder) => join(import.meta.dirname, 'libs', folder, 'package.json');
const LIBS = readdirSync(join(import.meta.dirname, 'libs'))
  .filter((folder) => existsSync(manifestOf(folder)))
  .map((folder) => {
    const { name, nx } = JSON.parse(readFileSync(manifestOf(folder), 'utf8'));
    return { folder, name, layer: nx.tags.find((tag) => tag.startsWith('layer:')) };
  });
/** Read off the tags: a new pure lib is held to what is said here from its first day. */
const PURE_LIBS = LIBS.filter(({ layer }) => ['layer:contract', 'layer:pure'].includes(layer));
const PURE = PURE_LIBS.map(({ folder }) => `libs/${folder}/src/**/*.ts`);
const PURE_PACKAGES = ['zod', ...PURE_LIBS.map(({ name }) => name)];
const DOMAIN = ['services/*/src/{domain,objects}/**/*.ts'];
const SPECS = ['**/*.spec.ts', '**/testing/**/*.ts', '**/src/testing.ts'];
/** What runs on every node, or beside every cluster's API server. */
const AGENTS = ['services/{cven,kubelink}/src/**/*.ts', 'libs/{edge,cri,kubernetes}/src/**/*.ts'];
const TOOLS = ['tools/**/*.ts', 'e2e/**/*.ts'];

const layers = [
  { sourceTag: 'layer:contract', onlyDependOnLibsWithTags: ['layer:contract'] },
  { sourceTag: 'layer:pure', onlyDependOnLibsWithTags: ['layer:contract', 'layer:pure'] },
  {
    sourceTag: 'layer:adapter',
    onlyDependOnLibsWithTags: ['layer:contract', 'layer:pure', 'layer:adapter', 'layer:test'],
  },
  {
    sourceTag: 'layer:service',
    onlyDependOnLibsWithTags: ['layer:contract', 'layer:pure', 'layer:adapter', 'layer:test'],
  },
  {
    sourceTag: 'layer:web',
    onlyDependOnLibsWithTags: ['layer:contract'],
    allowedExternalImports: ['react', 'react-dom', 'react-dom/*', 'vite', 'vitest'],
  },
  { sourceTag: 'layer:test', onlyDependOnLibsWithTags: ['layer:contract', 'layer:pure', 'layer:adapter'] },
  { sourceTag: 'layer:tool', onlyDependOnLibsWithTags: ['*'] },
  {
    sourceTag: 'zone:edge',
    notDependOnLibsWithTags: ['zone:core'],
    bannedExternalImports: ['pg', 'typeorm'],
  },
];

const syntax = [
  { selector: 'ExportDefaultDeclaration', message: 'Name what you export.' },
  { selector: 'ExportAllDeclaration', message: 'List what you export.' },
  { selector: 'TSEnumDeclaration', message: 'Use a union of literals.' },
  { selector: 'TSModuleDeclaration[declare!=true]', message: 'Use modules, not namespaces.' },
  // One way: a parameter of a constructor can only be `private`.
  { selector: 'PrivateIdentifier', message: 'Write `private`, not `#`.' },
];

const TIME = 'Pure code takes the time as an argument.';
const impure = [
  { selector: ':function[async=true]', message: 'Pure code waits for nothing.' },
  { selector: 'AwaitExpression', message: 'Pure code waits for nothing.' },
  { selector: 'ForOfStatement[await=true]', message: 'Pure code waits for nothing.' },
  { selector: 'ImportExpression', message: 'Pure code waits for nothing.' },
  { selector: 'Identifier[name="Promise"]', message: 'Pure code waits for nothing.' },
  { selector: 'NewExpression[callee.name="Date"][arguments.length=0]', message: TIME },
  { selector: 'CallExpression[callee.name="Date"]', message: TIME },
];
const timeAndChance = [
  { object: 'Date', property: 'now', message: TIME },
  { object: 'Math', property: 'random', message: 'Pure code takes chance as an argument.' },
];

const madeForTests = {
  regex: '(^|/)testing(/|\\.js$|$)|^(vitest|fast-check)$',
  message: 'Only specs and folders named testing use what is made for tests.',
};
const tooHeavy = {
  regex: '^(@nestjs/|@?fastify(/|$)|typeorm|pg$|@ringfence/(bus/nest|event-store))',
  message: 'An agent carries no web framework and no database (docs/decisions/0016).',
};

const zString = {
  selector: "CallExpression[callee.object.name='z'][callee.property.name='string']",
  message: 'Use Text, which refuses what cannot be stored.',
};

export default tseslint.config(
  { ignores: ['**/dist/**', '**/node_modules/**', '.nx/**', '.ringfence/**', 'coverage/**'] },
  {
    files: ['**/*.ts', '**/*.tsx'],
    languageOptions: {
      parser: tseslint.parser,
      parserOptions: {
        projectService: { allowDefaultProject: ['vitest.config.ts'] },
        tsconfigRootDir: import.meta.dirname,
      },
    },
    plugins: {
      '@typescript-eslint': tseslint.plugin,
      '@nx': nx,
      '@ringfence': { rules: { 'allowed-imports': allowedImports } },
    },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: false }],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@nx/enforce-module-boundaries': [
        'error',
        { depConstraints: layers, allow: [], banTransitiveDependencies: false },
      ],
      'no-console': 'error',
      'no-debugger': 'error',
      'no-var': 'error',
      'prefer-const': 'error',
      eqeqeq: ['error', 'always'],
      complexity: ['error', 10],
      'max-depth': ['error', 3],
      'max-params': ['error', 4],
      'max-lines': ['error', { max: 300, skipComments: true, skipBlankLines: true }],
      'max-lines-per-function': ['error', { max: 50, skipComments: true, skipBlankLines: true }],
      'no-restricted-syntax': ['error', ...syntax],
    },
  },
  {
    files: ['libs/**/*.ts', 'services/**/*.ts'],
    ignores: SPECS,
    rules: { 'no-restricted-imports': ['error', { patterns: [madeForTests] }] },
  },
  {
    files: AGENTS,
    ignores: SPECS,
    rules: { 'no-restricted-imports': ['error', { patterns: [madeForTests, tooHeavy] }] },
  },
  {
    files: [...PURE, ...DOMAIN],
    ignores: SPECS,
    // Text to bytes and back is no machine.
    languageOptions: { globals: { Buffer: false, TextEncoder: false, atob: false, btoa: false } },
    rules: {
      // What the language itself has, and nothing of the machine: no clock, timer, network, process, console.
      'no-undef': 'error',
      'no-restricted-globals': ['error', { name: 'globalThis', message: 'It leads to everything else.' }],
      'no-restricted-properties': ['error', ...timeAndChance],
      'no-restricted-syntax': ['error', ...syntax, ...impure],
    },
  },
  {
    files: PURE,
    ignores: SPECS,
    rules: {
      '@ringfence/allowed-imports': ['error', { packages: PURE_PACKAGES, why: 'this code is pure' }],
    },
  },
  {
    files: DOMAIN,
    ignores: SPECS,
    rules: {
      '@ringfence/allowed-imports': [
        'error',
        {
          packages: PURE_PACKAGES,
          // A port is words only: cven's domain speaks those of the kernel, flow-ingest's reading those of its store.
          places: ['domain', 'objects', 'kernel/port', 'kernel/kernel.port'],
          why: 'the domain is pure and knows no adapter',
        },
      ],
    },
  },
  {
    files: ['services/*/src/read/**/*.ts'],
    ignores: SPECS,
    rules: {
      '@ringfence/allowed-imports': [
        'error',
        { places: ['read', 'domain', 'store/port'], why: 'what is read knows nobody who asks' },
      ],
    },
  },
  {
    files: ['services/console/src/**/*.ts', 'services/console/src/**/*.tsx'],
    ignores: SPECS,
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            { group: ['node:*'], message: 'This runs in a browser.' },
            {
              group: ['@ringfence/*'],
              allowTypeImports: true,
              message: 'Only types: what a page loads is its own code.',
            },
          ],
        },
      ],
    },
  },
  {
    files: ['libs/contracts/src/**/*.ts'],
    ignores: [...SPECS, 'libs/contracts/src/text.ts'],
    rules: { 'no-restricted-syntax': ['error', ...syntax, ...impure, zString] },
  },
  {
    files: TOOLS,
    rules: {
      'no-console': 'off',
      'max-lines-per-function': ['error', { max: 70, skipComments: true, skipBlankLines: true }],
    },
  },
  {
    files: SPECS,
    rules: {
      'max-lines': ['error', { max: 500, skipComments: true, skipBlankLines: true }],
      'max-lines-per-function': 'off',
      'max-params': 'off',
    },
  },
  {
    files: ['vitest.config.ts'],
    // Vitest asks for the default export.
    rules: { 'no-restricted-syntax': 'off' },
  },
);
