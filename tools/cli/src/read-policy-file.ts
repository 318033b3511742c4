/** The policy file that a user named. What parses it is loaded only then: every other command is quicker without. */
import type { ParsedPolicy } from './policy-file.js';
import { readText } from './named-file.js';

/** `-` is standard input. */
export async function readPolicyFile(path: string): Promise<ParsedPolicy> {
  const text = await readText(path);
  const { parsePolicyFile } = await import('./policy-file.js');
  return parsePolicyFile(text, path === '-' ? 'standard input' : path);
}
