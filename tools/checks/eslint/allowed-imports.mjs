/**
 * ESLint rule: what the files that it is set for may import, as a list of what is allowed, so that a package that nobody has
 * thought of is refused. `packages`: names; `places`: paths below `src`, a folder with all that is in it. What is not given
 * is not looked at. Nx's own rule sees neither Node's modules nor folders inside a project.
 */
import { dirname, relative, resolve, sep } from 'node:path';

/** `/…/services/inventory/src/read/clusters.ts` → `/…/services/inventory/src`: the innermost, as Nx's projects are flat. */
const sourceRoot = (file) => file.slice(0, file.lastIndexOf(`${sep}src${sep}`) + 4);

function isInside(place, path) {
  return path === place || path === `${place}.js` || path.startsWith(`${place}/`);
}

function refusal(specifier, file, { packages, places }) {
  if (!specifier.startsWith('.'))
    return packages && !packages.includes(specifier) ? `It may import ${packages.join(', ')}` : undefined;
  const target = relative(sourceRoot(file), resolve(dirname(file), specifier));
  return places && !places.some((place) => isInside(place, target))
    ? `It may import from ${places.join(', ')}`
    : undefined;
}

export const allowedImports = {
  meta: {
    type: 'problem',
    messages: { refused: '{{allowed}}, not "{{specifier}}": {{why}}' },
    schema: [
      {
        type: 'object',
        properties: {
          packages: { type: 'array', items: { type: 'string' } },
          places: { type: 'array', items: { type: 'string' } },
          why: { type: 'string' },
        },
        required: ['why'],
        additionalProperties: false,
      },
    ],
  },
  create(context) {
    const [options] = context.options;
    const check = (node) => {
      const specifier = node?.value;
      if (typeof specifier !== 'string') return;
      const allowed = refusal(specifier, context.filename, options);
      if (allowed)
        context.report({ node, messageId: 'refused', data: { allowed, specifier, why: options.why } });
    };
    return {
      ImportDeclaration: ({ source }) => check(source),
      ExportNamedDeclaration: ({ source }) => check(source),
      ExportAllDeclaration: ({ source }) => check(source),
      ImportExpression: ({ source }) => check(source),
      TSImportType: ({ source }) => check(source),
    };
  },
};
