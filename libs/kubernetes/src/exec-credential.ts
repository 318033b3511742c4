/**
 * A credential that a program of the kubeconfig gives, as `client.authentication.k8s.io` has it: it is run, answers an ExecCredential on its
 * output, and that holds until it ends or is refused. The program sees our environment, without what is our own; nobody can be asked anything.
 */
import { execFile } from 'node:child_process';
import { dirname, resolve } from 'node:path';
import { KubeconfigError } from './kubeconfig.js';
import type { ExecEntry } from './kubeconfig.js';

const VERSIONS = ['client.authentication.k8s.io/v1', 'client.authentication.k8s.io/v1beta1'];
const WITHIN_MS = 30_000;
const LONGEST_ANSWER = 1024 * 1024;
const LONGEST_WORDS = 200;
/** What a program of somebody else has no business with. */
const OURS = /^(CLUSTER_|CLAS_|RINGFENCE_)/;

export interface ExecCredential {
  readonly token: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
  /** Null: until it is refused. */
  readonly until: Date | null;
}
interface Answer {
  readonly kind?: unknown;
  readonly apiVersion?: unknown;
  readonly status?: {
    readonly token?: string;
    readonly clientCertificateData?: string;
    readonly clientKeyData?: string;
    readonly expirationTimestamp?: string;
  };
}

/** `path` is the kubeconfig's. */
export function requireUsable({ command, apiVersion, interactiveMode }: ExecEntry, path: string): void {
  const named = `${path}: the user's plugin "${command ?? ''}"`;
  if (command === undefined || command === '') throw new KubeconfigError(`${named} has no command`);
  if (!VERSIONS.includes(apiVersion ?? ''))
    throw new KubeconfigError(`${named} speaks ${apiVersion ?? 'no version'}, not ${VERSIONS.join(' or ')}`);
  if (interactiveMode === 'Always')
    throw new KubeconfigError(
      `${named} wants to ask somebody (interactiveMode: Always), and nobody is there`,
    );
}

/** `cluster` is told where the kubeconfig says `provideClusterInfo`. */
export async function askPlugin(exec: ExecEntry, path: string, cluster: object): Promise<ExecCredential> {
  const spec = { interactive: false, ...(exec.provideClusterInfo === true && { cluster }) };
  const info = { apiVersion: exec.apiVersion, kind: 'ExecCredential', spec };
  const own = Object.entries(process.env).filter(([name]) => !OURS.test(name));
  const theirs = (exec.env ?? []).map(({ name, value }): [string, string] => [name, value]);
  const env = { ...Object.fromEntries([...own, ...theirs]), KUBERNETES_EXEC_INFO: JSON.stringify(info) };
  return credentialOf(await output(exec, path, env), exec);
}

function output(exec: ExecEntry, path: string, env: NodeJS.ProcessEnv): Promise<string> {
  const { command = '', args = [] } = exec;
  const program = command.includes('/') ? resolve(dirname(path), command) : command;
  const bounds = { env, timeout: WITHIN_MS, maxBuffer: LONGEST_ANSWER, killSignal: 'SIGKILL' as const };
  return new Promise((done, failed) => {
    const child = execFile(program, args, bounds, (error, answer, words) => {
      if (error === null) return done(answer);
      const why = error.killed === true ? `no answer within ${WITHIN_MS / 1_000} s` : said(words, error);
      failed(new Error(`the plugin "${command}" gave no credential: ${why}`, { cause: error }));
    });
    child.stdin?.on('error', () => undefined).end();
  });
}

const said = (
  words: string,
  { code, message }: { code?: string | number | null; message: string },
): string =>
  words.trim() === ''
    ? typeof code === 'number'
      ? `exit code ${code}`
      : message.slice(0, LONGEST_WORDS)
    : (words.trim().split('\n')[0] ?? '').slice(0, LONGEST_WORDS);

function credentialOf(text: string, { command = '', apiVersion }: ExecEntry): ExecCredential {
  const answer = parsed(text) ?? {};
  const fault = faultOf(answer, apiVersion);
  if (fault !== null) throw new Error(`the plugin "${command}" gave no credential: ${fault}`);
  const {
    token,
    clientCertificateData: cert,
    clientKeyData: key,
    expirationTimestamp: end,
  } = answer.status ?? {};
  return { token, cert, key, until: end === undefined ? null : new Date(end) };
}

function faultOf({ kind, apiVersion, status }: Answer, wanted: string | undefined): string | null {
  if (kind !== 'ExecCredential' || apiVersion !== wanted)
    return `its answer is no ExecCredential of ${wanted}`;
  const { token, clientCertificateData: cert, clientKeyData: key, expirationTimestamp: end } = status ?? {};
  if ((cert === undefined) !== (key === undefined)) return 'a certificate without its key, or a key alone';
  if (end !== undefined && Number.isNaN(Date.parse(end))) return 'its end is no time';
  return token === undefined && cert === undefined ? 'neither a token nor a certificate' : null;
}

function parsed(text: string): Answer | undefined {
  try {
    const answer: unknown = JSON.parse(text);
    return typeof answer === 'object' && answer !== null ? answer : undefined;
  } catch {
    return undefined;
  }
}
