/**
 * What the CNI plugin asks: one line of JSON per connection. Only root can reach the socket, and still every field is looked
 * at: a path from it is opened by the kernel helper.
 */
import { z } from 'zod';

const text = (most: number): z.ZodString => z.string().max(most);

export const BirthRequest = z.object({
  command: z.enum(['add', 'del']),
  /** Of the sandbox: the same id as the runtime's. */
  container: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/),
  netns: text(512),
  /** Empty from runtimes that do not tell it. */
  uid: text(128),
  namespace: text(253),
  name: text(253),
  addresses: z.array(z.union([z.ipv4(), z.ipv6()])).max(16),
});
export type BirthRequest = z.infer<typeof BirthRequest>;

/** Undefined for whatever is not a request. */
export function parseBirthRequest(line: string): BirthRequest | undefined {
  try {
    const parsed = BirthRequest.safeParse(JSON.parse(line));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}

/** Whether the path is one that a runtime gives: below one of the directories, without a step upwards. */
export function isBelow(path: string, directories: readonly string[]): boolean {
  const steps = path.split('/');
  if (steps[0] !== '' || steps.slice(1).some((step) => step === '' || step === '.' || step === '..'))
    return false;
  return directories.some((directory) => path.startsWith(`${directory}/`));
}
