/** The command line of `npm start`: parsed once, refused in one line. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';

export interface UpOptions {
  readonly nodes: number;
  readonly manifests: readonly string[];
  readonly kubeconfig: string | null;
  readonly simulate: boolean;
  readonly keep: boolean;
  readonly dataDirectory: string;
  readonly port: number;
  readonly overlay: boolean;
}

export class UsageError extends Error {}

export const USAGE = `npm start -- [options]

  --nodes N            nodes of the sandbox cluster (default 2)
  --manifest FILE…     deploy these Kubernetes manifests instead of the demo
  --kubeconfig FILE    attach to a real cluster; no sandbox
  --simulate           no root needed: verdicts by the policy engine instead of the kernel
  --overlay            Pods leave the cluster's network with their node's address
  --keep               keep the data directory's state for the next start
  --data DIR           data directory (default .ringfence)
  --port P             port of the REST API on loopback (default 8080)
  --help

Servers of your own: NATS_URL, DATABASE_URL.`;

export function parseOptions(argv: readonly string[], cwd: string): UpOptions | 'help' {
  const { values, positionals } = parse(argv);
  if (values.help) return 'help';
  const manifests = [...(values.manifest ?? []), ...positionals].map((file) => existing(resolve(cwd, file)));
  const options: UpOptions = {
    nodes: integer('--nodes', values.nodes, 1, 16),
    manifests,
    kubeconfig: values.kubeconfig === undefined ? null : existing(resolve(cwd, values.kubeconfig)),
    simulate: values.simulate,
    keep: values.keep,
    dataDirectory: resolve(cwd, values.data),
    port: integer('--port', values.port, 1, 65_535),
    overlay: values.overlay,
  };
  if (options.kubeconfig && options.simulate)
    throw new UsageError('--kubeconfig and --simulate exclude each other');
  return options;
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        nodes: { type: 'string', default: '2' },
        manifest: { type: 'string', multiple: true },
        kubeconfig: { type: 'string' },
        simulate: { type: 'boolean', default: false },
        keep: { type: 'boolean', default: false },
        data: { type: 'string', default: '.ringfence' },
        port: { type: 'string', default: '8080' },
        overlay: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function integer(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < least || value > most) {
    throw new UsageError(`${name} must be a whole number from ${least} to ${most}, not "${text}"`);
  }
  return value;
}

function existing(file: string): string {
  if (!existsSync(file)) throw new UsageError(`${file}: no such file`);
  return file;
}
