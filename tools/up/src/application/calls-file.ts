/** `--calls FILE`: a line per call, `from to port`, in the names of the manifests. Every mistake with its line. Pure. */
import { UsageError } from '../command-line.js';
import { describedServices, describedWorkloads, keyOf } from './described.js';
import type { Call } from './described.js';
import type { Manifest } from './manifests.js';

const LINE = /^(\S+)\s+(\S+)\s+(\d{1,5})(?:\/(tcp|udp))?$/;

export function parseCalls(file: string, text: string, manifests: readonly Manifest[]): Call[] {
  const known = knownNames(manifests);
  return text.split('\n').flatMap((written, index) => {
    const line = written.replace(/#.*/, '').trim();
    const wrong: Wrong = (why) => new UsageError(`${file}:${String(index + 1)}: ${why}`);
    return line === '' ? [] : [callOf(line, known, wrong)];
  });
}

type Wrong = (why: string) => UsageError;
interface KnownNames {
  readonly workloads: readonly string[];
  /** With the ports that each has. */
  readonly services: ReadonlyMap<string, readonly number[]>;
}

function knownNames(manifests: readonly Manifest[]): KnownNames {
  const services = describedServices(manifests).map(
    ({ metadata, spec }) =>
      [
        `${metadata.namespace ?? 'default'}/${metadata.name}`,
        (spec.ports ?? []).map(({ port }) => port),
      ] as const,
  );
  return { workloads: describedWorkloads(manifests).map(keyOf), services: new Map(services) };
}

function callOf(line: string, { workloads, services }: KnownNames, wrong: Wrong): Call {
  const [, from = '', to = '', port = '', protocol] = LINE.exec(line) ?? [];
  if (from === '')
    throw wrong(`"${line}" is no call; write: from to port, such as web api 8080 or web dns 53/udp`);
  const callee = oneOf([...services.keys()], to, 'Service', wrong);
  const ports = services.get(callee) ?? [];
  if (!ports.includes(Number(port)))
    throw wrong(`the Service ${callee} has no port ${port}, only ${ports.join(', ') || 'none'}`);
  const caller = oneOf(workloads, from, 'workload', wrong);
  return { from: caller, to: callee, port: Number(port), protocol: protocol === 'udp' ? 'udp' : 'tcp' };
}

/** By `namespace/name`, or by the name alone where only one has it. */
function oneOf(known: readonly string[], name: string, what: string, wrong: Wrong): string {
  const found = known.filter((each) => each === name || each.endsWith(`/${name}`));
  const [only] = found;
  if (only === undefined)
    throw wrong(`there is no ${what} ${name} in the manifests; there are ${known.join(', ')}`);
  if (found.length > 1) throw wrong(`${name} is one of ${found.join(', ')}: say which`);
  return only;
}
