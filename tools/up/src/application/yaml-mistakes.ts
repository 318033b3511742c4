/** What is wrong with a text that YAML cannot read, in words that say where and what to do. Pure. */
import { isMap, visit } from 'yaml';
import type { Document, ErrorCode, YAMLMap, YAMLParseError } from 'yaml';

export const TEMPLATE_ADVICE = "give its chart's directory instead, or what `helm template` makes of it";

/** Beside the parser's own words, where these leave open what to do. */
const ADVICE: Partial<Record<ErrorCode, string>> = {
  TAB_AS_INDENT: 'indent with spaces',
  BAD_INDENT: 'lines of one block begin at the same column',
  DUPLICATE_KEY: 'keep one of the two',
  BLOCK_AS_IMPLICIT_KEY: "indent it as its neighbours, or quote a value that holds ': '",
  MULTILINE_IMPLICIT_KEY: "write 'key: value', with a space after the colon",
};
const CONFLICT_MARKER = /^(?:<{7}|>{7}) /m;

/** `line:column`, the words, the advice. */
export function mistakeWords({ message, code, linePos }: YAMLParseError, text: string): string {
  const [start] = linePos ?? [];
  const words = message.split('\n')[0]!.replace(/ at line \d+, column \d+:?$/, '');
  const advice = adviceFor(text) ?? ADVICE[code];
  const place = start ? `${start.line}:${start.col}` : '1';
  return `${place} ${words}${advice === undefined ? '' : `: ${advice}`}`;
}

function adviceFor(text: string): string | undefined {
  if (text.includes('{{')) return `is it a template? ${TEMPLATE_ADVICE}`;
  return CONFLICT_MARKER.test(text) ? 'finish the merge of which git left its marks' : undefined;
}

/** To YAML `{{ .Values.name }}` is a map with a map as its key, which is no part of any Kubernetes object. */
export function templateIn(document: Document, text: string): YAMLMap | null {
  if (!text.includes('{{')) return null;
  let found: YAMLMap | null = null;
  visit(document, {
    Pair: (_, { key }) => {
      if (!isMap(key)) return undefined;
      found = key;
      return visit.BREAK;
    },
  });
  return found;
}
