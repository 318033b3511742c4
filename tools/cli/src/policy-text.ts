/** A policy file as text: one line for each rule, with what is known of it above. */
import { yaml } from './yaml.js';

type Path = readonly (string | number)[];

export interface Remark {
  readonly at: Path;
  readonly text: string;
}

/** Lists that are empty are left out. */
export function policyText(
  policy: Readonly<Record<string, readonly unknown[]>>,
  remarks: readonly Remark[] = [],
  head = '',
): string {
  const said = Object.fromEntries(Object.entries(policy).filter(([, list]) => list.length > 0));
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
