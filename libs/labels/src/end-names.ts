/** Ends of connections as people name them: a word in front says which of several of a name is meant. */

export type NamedAs = 'workload' | 'pod' | 'service' | 'node';
export interface EndName {
  /** Without what says which is meant. */
  readonly name: string;
  /** Null: it is not said. */
  readonly as: NamedAs | null;
}

const PREFIXED = /^(workload|pod|service|node):(.+)$/s;
const SERVICE_NAME = /^([^./]+)\.([^./]+)\.svc(?:\..*)?$/;

export function endNamed(text: string): EndName {
  const [, prefix, rest] = PREFIXED.exec(text) ?? [];
  if (prefix !== undefined && rest !== undefined) return { name: rest, as: prefix as NamedAs };
  const [, service, namespace] = SERVICE_NAME.exec(text) ?? [];
  return service === undefined
    ? { name: text, as: null }
    : { name: `${namespace}/${service}`, as: 'service' };
}
