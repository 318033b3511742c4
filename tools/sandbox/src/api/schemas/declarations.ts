/** Reads the generated type declarations of Kubernetes' kinds: what fields there are, of which types, and what is said of them. */
export interface Field {
  readonly name: string;
  readonly type: string;
  readonly isRequired: boolean;
  readonly description: string;
}

export interface Declaration {
  readonly description: string;
  /** Undefined: another name for a plain value. */
  readonly fields: readonly Field[] | undefined;
}

export interface Declarations {
  readonly byName: ReadonlyMap<string, Declaration>;
  /** Per imported name: the module it is of, relative to this one. */
  readonly imports: ReadonlyMap<string, string>;
}

const comment = String.raw`(?:/\*\*(?<words>(?:(?!\*/)[^])*)\*/\s*)?`;
const declaration = new RegExp(
  String.raw`${comment}export (?:interface (?<name>\w+) \{(?<body>[^]*?)\n\}|type (?<alias>\w+) = [^;]+;)`,
  'g',
);
const field = new RegExp(
  String.raw`${comment}(?:readonly )?(?<name>[\w$]+|"[^"]+")(?<optional>\?)?: (?<type>[^;]+);`,
  'g',
);
const imported = /import \{(?<names>[^}]+)\} from "(?<module>[^"]+)"/g;
/** A map takes three lines; on one it is a type as any other. */
const map = /\{\s*\[name: string\]: ([^;]+);\s*\}/g;

export function readDeclarations(text: string): Declarations {
  const declarations = [...text.replace(map, 'Map<$1>').matchAll(declaration)].map(({ groups = {} }) => {
    const { name, alias = '', body, words } = groups;
    const fields = body === undefined ? undefined : fieldsIn(body);
    return [name ?? alias, { description: plain(words), fields }] as const;
  });
  const imports = [...text.matchAll(imported)].flatMap(({ groups = {} }) => {
    const { names = '', module = '' } = groups;
    return names.split(',').map((name) => [name.trim(), module] as const);
  });
  return { byName: new Map(declarations), imports: new Map(imports) };
}

function fieldsIn(body: string): Field[] {
  return [...body.matchAll(field)].map(({ groups = {} }) => {
    const { name = '', type = '', optional, words } = groups;
    return {
      name: name.replaceAll('"', ''),
      type,
      isRequired: optional === undefined,
      description: plain(words),
    };
  });
}

/** Without the stars in front of its lines. */
const plain = (words = ''): string => words.replace(/^\s*\* ?/gm, '').trim();
