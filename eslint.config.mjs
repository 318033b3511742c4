/**
 * The boundaries that a machine enforces (ARCHITECTURE.md, "Layers"): who may import whom, what pure code may not
 * touch, and how large a file or function may grow.
 */
import nx from '@nx/eslint-plugin';
import tseslint from 'typescript-eslint';

const PURE = ['contracts', 'decider', 'labels', 'policy-engine', 'firewall', 'cluster-facts'].map(
  (lib) => `libs/${lib}/src/**/*.ts`,
);
const DOMAIN = ['services/*/src/domain/**/*.ts'];
const SPECS = ['**/*.spec.ts', '**/src/testing/**/*.ts'];
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
];

const timeAndChance = [
  { object: 'Date', property: 'now', message: 'Pure code takes the time as an argument.' },
  { object: 'Math', property: 'random', message: 'Pure code takes chance as an argument.' },
];

export default tseslint.config(
  { ignores: ['**/dist/**', '**/node_modules/**', '.nx/**', '.ringfence/**', 'coverage/**'] },
  {
    files: ['**/*.ts'],
    languageOptions: {
      parser: tseslint.parser,
      parserOptions: {
        projectService: { allowDefaultProject: ['vitest.config.ts'] },
        tsconfigRootDir: import.meta.dirname,
      },
    },
    plugins: { '@typescript-eslint': tseslint.plugin, '@nx': nx },
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
    files: [...PURE, ...DOMAIN],
    ignores: SPECS,
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              group: ['node:*', '@nestjs/*', 'nats', 'pg', 'typeorm', 'undici'],
              message: 'This code is pure.',
            },
          ],
        },
      ],
      'no-restricted-globals': [
        'error',
        'process',
        'fetch',
        'setTimeout',
        'setInterval',
        'setImmediate',
        'queueMicrotask',
      ],
      'no-restricted-properties': ['error', ...timeAndChance],
    },
  },
  {
    files: ['services/*/src/domain/**/*.ts'],
    ignores: SPECS,
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              group: [
                'node:*',
                '@nestjs/*',
                'nats',
                'pg',
                'typeorm',
                'undici',
                '../adapters/*',
                '../read/*',
                '../*.module.js',
              ],
              message: 'The domain is pure and knows no adapter.',
            },
          ],
        },
      ],
    },
  },
  {
    files: ['libs/contracts/src/**/*.ts'],
    ignores: ['libs/contracts/src/text.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        ...syntax,
        {
          selector: "CallExpression[callee.object.name='z'][callee.property.name='string']",
          message: 'Use Text, which refuses what cannot be stored.',
        },
      ],
    },
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
