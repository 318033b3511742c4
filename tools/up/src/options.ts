/** The command line of `npm start`: parsed once, refused in one line. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { LocatedManifest } from './application/manifests.js';
import { readApplication } from './application/read-application.js';
import { parseInteger, parseWords, UsageError } from './command-line.js';

export interface UpOptions {
  readonly nodes: number;
  /** What to deploy instead of the demo, read and checked; null: nothing was named. */
  readonly application: readonly LocatedManifest[] | null;
  readonly kubeconfig: string | null;
  readonly simulate: boolean;
  readonly keep: boolean;
  readonly dataDirectory: string;
  readonly port: number;
  readonly overlay: boolean;
  /** A file that says who calls whom, beside what the manifests name. */
  readonly calls: string | null;
  /** Whether Kubernetes' NetworkPolicies are enforced beside our own policy. */
  readonly networkPolicies: boolean;
}

export const USAGE = `npm start -- [options]

  --nodes N            nodes of the sandbox cluster (default 2)
  --manifest PATH…     deploy these Kubernetes manifests instead of the demo: files, directories, globs,
                       kustomizations, Helm charts, - (standard input)
  --namespace N, -n N  where objects of the manifests go that name no namespace
  --values FILE…       for Helm charts among the manifests, as helm's; so is --set KEY=VALUE…
  --calls FILE         who calls whom where the manifests do not say: lines "from to port"
  --kubeconfig FILE    attach to a real cluster; no sandbox
  --simulate           no root needed: verdicts by the policy engine instead of the kernel
  --network-policies on|off
                       enforce Kubernetes' NetworkPolicies of managed namespaces, too
                       (default: on in the sandbox, off with --kubeconfig)
  --overlay            Pods leave the cluster's network with their node's address
  --keep               keep the data directory's state for the next start
  --data DIR           data directory (default .ringfence)
  --port P             port of the REST API on loopback (default 8080)
  --help

Servers of your own: NATS_URL, DATABASE_URL.`;

export function parseOptions(argv: readonly string[], cwd: string): UpOptions | 'help' {
  const { values, positionals } = parse(argv);
  if (values.help) return 'help';
  const manifests = [...(values.manifest ?? []), ...positionals];
  const reading = { cwd, namespace: values.namespace, values: values.values ?? [], set: values.set ?? [] };
  const isNamed = manifests.length + reading.values.length + reading.set.length > 0;
  const options: UpOptions = {
    nodes: parseInteger('--nodes', values.nodes, 1, 16),
    application: isNamed ? readApplication(manifests, reading) : null,
    kubeconfig: optionalFile(cwd, values.kubeconfig),
    simulate: values.simulate,
    keep: values.keep,
    dataDirectory: resolve(cwd, values.data),
    port: parseInteger('--port', values.port, 1, 65_535),
    overlay: values.overlay,
    calls: optionalFile(cwd, values.calls),
    networkPolicies:
      onOrOff('--network-policies', values['network-policies']) ?? values.kubeconfig === undefined,
  };
  if (options.kubeconfig && options.simulate)
    throw new UsageError('--kubeconfig and --simulate exclude each other');
  return options;
}

function parse(argv: readonly string[]) {
  return parseWords({
    args: [...argv],
    allowPositionals: true,
    options: {
      nodes: { type: 'string', default: '2' },
      manifest: { type: 'string', multiple: true },
      namespace: { type: 'string', short: 'n' },
      values: { type: 'string', multiple: true },
      set: { type: 'string', multiple: true },
      kubeconfig: { type: 'string' },
      simulate: { type: 'boolean', default: false },
      keep: { type: 'boolean', default: false },
      data: { type: 'string', default: '.ringfence' },
      port: { type: 'string', default: '8080' },
      overlay: { type: 'boolean', default: false },
      calls: { type: 'string' },
      'network-policies': { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
}

function onOrOff(name: string, word: string | undefined): boolean | undefined {
  if (word === undefined) return undefined;
  if (word === 'on' || word === 'off') return word === 'on';
  throw new UsageError(`${name} takes on or off, not "${word}"`);
}

function optionalFile(cwd: string, name: string | undefined): string | null {
  if (name === undefined) return null;
  const file = resolve(cwd, name);
  if (!existsSync(file)) throw new UsageError(`${file}: no such file`);
  return file;
}
