/** `pods/log`: a container's log as text, for as long as it is followed and the reader is there. */
import type { ServerResponse } from 'node:http';
import type { Cluster } from '../cluster.js';
import type { Exchange } from '../http-exchange.js';
import type { Pod } from '../kube-object.js';
import { badRequest } from '../status-error.js';
import type { Containers, PodLogOptions } from './containers.js';
import { containerName, containerStatus } from './pod-container.js';

export async function sendLog(
  exchange: Exchange,
  cluster: Cluster,
  containers: Containers,
  pod: Pod,
): Promise<void> {
  const { query, response } = exchange;
  const { name, namespace = 'default' } = pod.metadata;
  const container = containerName(pod, query.get('container'));
  const isPrevious = query.get('previous') === 'true';
  requireLog(pod, container, isPrevious);
  const gone = new AbortController();
  response.on('close', () => gone.abort());
  const options: PodLogOptions = {
    follow: query.get('follow') === 'true' && !isPrevious,
    previous: isPrevious,
    timestamps: query.get('timestamps') === 'true',
    tailLines: count(query, 'tailLines'),
    since: since(query, cluster.now()),
    hasEnded: logHasEnded(cluster, pod, container),
    signal: gone.signal,
  };
  response.setHeader('content-type', 'text/plain');
  // A reader that follows learns that it is connected before the first line is written.
  if (options.follow) response.flushHeaders();
  const pieces = containers.readLog(namespace, name, container, options);
  await sendText(response, pieces, count(query, 'limitBytes'), gone.signal);
}

async function sendText(
  response: ServerResponse,
  pieces: AsyncIterable<string>,
  limitBytes: number | undefined,
  gone: AbortSignal,
): Promise<void> {
  let left = limitBytes ?? Infinity;
  for await (const text of pieces) {
    if (gone.aborted) return;
    const bytes = Buffer.from(text).subarray(0, left);
    left -= bytes.length;
    if (!response.write(bytes)) await drained(response, gone);
    if (left <= 0) break;
  }
  response.end();
}

function requireLog(pod: Pod, container: string, isPrevious: boolean): void {
  const { restartCount = 0, state } = containerStatus(pod, container) ?? {};
  const what = `container "${container}" in pod "${pod.metadata.name}"`;
  if (isPrevious && restartCount === 0) throw badRequest(`previous terminated ${what} not found`);
  if (!isPrevious && restartCount === 0 && state?.waiting !== undefined)
    throw badRequest(`${what} is waiting to start: ${state.waiting.reason ?? 'ContainerCreating'}`);
}

export function logHasEnded(cluster: Cluster, { metadata }: Pod, container: string): () => boolean {
  return () => {
    const now = cluster.resource('pods').find(metadata.namespace, metadata.name);
    if (now === undefined || now.metadata.uid !== metadata.uid) return true;
    return containerStatus(now, container)?.state?.terminated !== undefined;
  };
}

function count(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  if (!/^\d{1,15}$/.test(text)) throw badRequest(`${name} must be a number, not "${text}"`);
  return Number(text);
}

function since(query: URLSearchParams, now: Date): Date | undefined {
  const seconds = count(query, 'sinceSeconds');
  if (seconds !== undefined) return new Date(now.getTime() - seconds * 1000);
  const text = query.get('sinceTime');
  if (text === null) return undefined;
  if (Number.isNaN(Date.parse(text))) throw badRequest(`sinceTime must be an instant, not "${text}"`);
  return new Date(text);
}

/** Resolves when the client has caught up or gone away. */
function drained(response: ServerResponse, gone: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    response.once('drain', resolve);
    gone.addEventListener('abort', () => resolve(), { once: true });
  });
}
