/** Policy documents as text: one line for each rule, with what is known of it above; and where they are written. */
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { writeText } from './named-file.js';
import { yaml } from './yaml.js';

type Path = readonly (string | number)[];

export interface Remark {
  readonly at: Path;
  readonly text: string;
}

/** Lists that are empty are left out. */
export function policyText(
  policy: Readonly<Record<string, unknown>>,
  remarks: readonly Remark[] = [],
  head = '',
): string {
  const said = Object.fromEntries(
    Object.entries(policy).filter(([, one]) => !Array.isArray(one) || one.length > 0),
  );
  if (Object.keys(said).length === 0) return '';
  const { Document, isCollection, visit } = yaml();
  const document = new Document(said);
  visit(document, {
    // What stands in a list of rules, scopes or labels is short enough for one line.
    Seq: (key, node, path) => {
      const isInside = path.length > 3 || key === 'value';
      for (const item of isInside ? node.items : [])
        if (isCollection(item) && !hasName(item)) item.flow = true;
    },
  });
  for (const { at, text } of remarks) {
    const node = document.getIn(at, true);
    if (isCollection(node)) node.commentBefore = ` ${text}`;
  }
  if (head !== '') document.commentBefore = ` ${head}`;
  return document.toString({ lineWidth: 0, flowCollectionPadding: true });
}

const hasName = (node: { has(key: unknown): boolean }): boolean => node.has('name');

/** To one file, to a folder with a file for each kind, or to standard output. Answers the paths that were written. */
export async function writePolicy(
  policy: Readonly<Record<string, unknown>>,
  path: string | undefined,
  write: (text: string) => void,
): Promise<string[]> {
  if (path === undefined) {
    write(policyText(policy));
    return [];
  }
  if (!path.endsWith('/') && !(existsSync(path) && statSync(path).isDirectory())) {
    await writeText(path, policyText(policy));
    return [path];
  }
  const written: string[] = [];
  for (const [kind, said] of Object.entries(policy)) {
    const file = join(path, `${kind}.yaml`);
    const text = policyText({ [kind]: said });
    // What was written before and is no more must not come back.
    if (text === '' && !existsSync(file)) continue;
    await writeText(file, text);
    written.push(file);
  }
  return written;
}
