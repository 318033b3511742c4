/**
 * The probes of one Pod, sent from the node's own network namespace (the agent lives in it). HTTP for HTTP, a connection for TCP,
 * gRPC and HTTPS, because the stub speaks neither; a command counts as success, because the stub runs none.
 */
import { connect } from 'node:net';
import type { ContainerSpec, Pod, Probe } from '../kube/kube-objects.js';
import { sandboxAnnotations } from './agent-config.js';

export interface ProbeResults {
  hasStarted(container: string): boolean;
  isReady(container: string): boolean;
}

export interface ProberOptions {
  pod(): Pod;
  podAddress(): string;
  onChange(): void;
  onUnhealthy(container: ContainerSpec, kind: ProbeKind): void;
  /** Each failure, with what was answered. */
  onFailure(container: ContainerSpec, kind: ProbeKind, answer: string): void;
}

export interface Prober extends ProbeResults {
  /** Begins the probes of a container that has just been started, from scratch. */
  start(container: ContainerSpec): void;
  stop(container: string): void;
  close(): void;
}

export type ProbeKind = 'startup' | 'readiness' | 'liveness';

interface ProbeState {
  successes: number;
  failures: number;
  result: boolean;
}

interface ProbedContainer {
  hasStarted: boolean;
  isReady: boolean;
  isStopped: boolean;
  timers: Set<NodeJS.Timeout>;
}

const idlePeriodMs = 10_000;

export function startProber(options: ProberOptions): Prober {
  const probed = new Map<string, ProbedContainer>();

  const stop = (name: string): void => {
    const entry = probed.get(name);
    if (entry === undefined) return;
    entry.isStopped = true;
    for (const timer of entry.timers) clearTimeout(timer);
    probed.delete(name);
  };

  const repeat = (container: ContainerSpec, entry: ProbedContainer, kind: ProbeKind, probe: Probe): void => {
    const state: ProbeState = { successes: 0, failures: 0, result: kind === 'liveness' };
    const later = (delayMs: number): void => {
      const timer = setTimeout(() => {
        entry.timers.delete(timer);
        void once();
      }, delayMs);
      entry.timers.add(timer);
    };
    const once = async (): Promise<void> => {
      if (kind === 'startup' || entry.hasStarted) {
        const failure = await failureOf(options, container, kind, probe);
        if (entry.isStopped) return;
        if (failure !== undefined) options.onFailure(container, kind, failure);
        countProbe(state, failure === undefined, probe, kind);
        applyProbe({ container, entry, kind, state, options });
        if (kind === 'startup' && state.result) return;
        if (entry.isStopped) return;
      }
      later(entry.hasStarted || kind === 'startup' ? periodMs(probe) : 250);
    };
    later((probe.initialDelaySeconds ?? 0) * 1000 + (kind === 'liveness' ? 500 : 50));
  };

  return {
    hasStarted: (name) => probed.get(name)?.hasStarted === true,
    isReady: (name) => probed.get(name)?.isReady === true,
    start: (container) => {
      stop(container.name);
      const entry: ProbedContainer = {
        hasStarted: container.startupProbe === undefined,
        isReady: container.readinessProbe === undefined,
        isStopped: false,
        timers: new Set(),
      };
      probed.set(container.name, entry);
      if (container.startupProbe !== undefined) repeat(container, entry, 'startup', container.startupProbe);
      if (container.readinessProbe !== undefined)
        repeat(container, entry, 'readiness', container.readinessProbe);
      if (container.livenessProbe !== undefined)
        repeat(container, entry, 'liveness', container.livenessProbe);
    },
    stop,
    close: () => {
      for (const name of [...probed.keys()]) stop(name);
    },
  };
}

function periodMs(probe: Probe): number {
  return probe.periodSeconds === undefined ? idlePeriodMs : probe.periodSeconds * 1000;
}

function countProbe(state: ProbeState, isSuccess: boolean, probe: Probe, kind: ProbeKind): void {
  state.successes = isSuccess ? state.successes + 1 : 0;
  state.failures = isSuccess ? 0 : state.failures + 1;
  const neededSuccesses = kind === 'readiness' ? (probe.successThreshold ?? 1) : 1;
  if (state.successes >= neededSuccesses) state.result = true;
  if (state.failures >= (probe.failureThreshold ?? 3)) state.result = false;
}

interface AppliedProbe {
  container: ContainerSpec;
  entry: ProbedContainer;
  kind: ProbeKind;
  state: ProbeState;
  options: ProberOptions;
}

function applyProbe({ container, entry, kind, state, options }: AppliedProbe): void {
  if (kind === 'readiness') {
    if (entry.isReady === state.result) return;
    entry.isReady = state.result;
    options.onChange();
    return;
  }
  if (kind === 'startup' && state.result) {
    entry.hasStarted = true;
    options.onChange();
    return;
  }
  // Liveness begins as true and startup as false: only enough failures in a row may end the container.
  if (
    state.failures >=
    ((kind === 'liveness' ? container.livenessProbe : container.startupProbe)?.failureThreshold ?? 3)
  ) {
    state.failures = 0;
    options.onUnhealthy(container, kind);
  }
}

function isForcedToFail(pod: Pod, kind: ProbeKind): boolean {
  const kinds = (pod.metadata.annotations?.[sandboxAnnotations.failProbes] ?? '')
    .split(',')
    .map((word) => word.trim());
  return kinds.includes(kind) || kinds.includes('all');
}

type HttpGet = NonNullable<Probe['httpGet']>;
interface ProbeTarget {
  host: string;
  port: number;
  timeoutMs: number;
}
type Asked = Pick<ProberOptions, 'pod' | 'podAddress'>;

async function failureOf(
  { pod, podAddress }: Asked,
  container: ContainerSpec,
  kind: ProbeKind,
  probe: Probe,
): Promise<string | undefined> {
  if (isForcedToFail(pod(), kind)) return 'told so by the annotation';
  return sendProbe(probe, container, podAddress());
}

/** Nothing: it succeeded. Otherwise what a kubelet would say of the answer. */
async function sendProbe(
  probe: Probe,
  container: ContainerSpec,
  podAddress: string,
): Promise<string | undefined> {
  const timeoutMs = (probe.timeoutSeconds ?? 1) * 1000;
  if (probe.httpGet !== undefined) {
    const port = portNumber(probe.httpGet.port, container);
    return sendHttpProbe(probe.httpGet, { host: probe.httpGet.host ?? podAddress, port, timeoutMs });
  }
  if (probe.tcpSocket !== undefined) {
    return converse({
      host: probe.tcpSocket.host ?? podAddress,
      port: portNumber(probe.tcpSocket.port, container),
      timeoutMs,
    });
  }
  if (probe.grpc !== undefined) return converse({ host: podAddress, port: probe.grpc.port, timeoutMs });
  return undefined;
}

async function sendHttpProbe(get: HttpGet, target: ProbeTarget): Promise<string | undefined> {
  const scheme = (get.scheme ?? 'HTTP').toLowerCase();
  const failure = await converse(target, scheme === 'https' ? undefined : httpRequest(get, target.host));
  if (failure === undefined || failure.startsWith('HTTP')) return failure;
  return `Get "${scheme}://${target.host}:${target.port}${get.path ?? '/'}": ${failure}`;
}

function portNumber(port: number | string, container: ContainerSpec): number {
  if (typeof port === 'number') return port;
  return container.ports?.find((declared) => declared.name === port)?.containerPort ?? Number(port);
}

function httpRequest(get: HttpGet, host: string): string {
  const headers = [
    ...(get.httpHeaders ?? []),
    { name: 'Host', value: host },
    { name: 'User-Agent', value: 'kube-probe/1' },
  ];
  return `GET ${get.path ?? '/'} HTTP/1.1\r\n${headers.map(({ name, value }) => `${name}: ${value}\r\n`).join('')}Connection: close\r\n\r\n`;
}

/** Nothing if it is well: without a request the connection alone, with one an HTTP status from 200 to 399. */
function converse(target: ProbeTarget, request?: string): Promise<string | undefined> {
  if (!(target.port > 0 && target.port < 65536)) return Promise.resolve(`no port ${target.port}`);
  const dial = `dial tcp ${target.host}:${target.port}`;
  return new Promise((resolve) => {
    const socket = connect({ host: target.host, port: target.port });
    const end = (failure?: string): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(failure);
    };
    const timer = setTimeout(() => end(`${dial}: i/o timeout`), target.timeoutMs);
    socket.on('error', ({ message }) =>
      end(`${dial}: ${message.includes('ECONNREFUSED') ? 'connect: connection refused' : message}`),
    );
    socket.on('close', () => end('EOF'));
    socket.on('connect', () => {
      if (request === undefined) end();
      else socket.write(request);
    });
    socket.once('data', (chunk) => {
      const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(chunk.toString('latin1', 0, 20))?.[1] ?? 0);
      end(status >= 200 && status < 400 ? undefined : `HTTP probe failed with statuscode: ${status}`);
    });
  });
}
