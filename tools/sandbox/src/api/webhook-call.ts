/** One HTTP call to an admission webhook: where it listens, and the exchange itself with its time limit and size limit. */
import http from 'node:http';
import https from 'node:https';
import type { Cluster } from './cluster.js';
import { isJsonObject, listAt, valueAt } from './json.js';
import type { JsonObject } from './json.js';

const maxAnswerBytes = 4 * 1024 * 1024;

export interface WebhookAddress {
  url: URL;
  ca: string | undefined;
  serverName?: string;
}

/** The Pods of a Service are stand-ins, which review nothing: they are not asked, as if they had agreed. */
export function leadsToStandIns(cluster: Cluster, webhook: JsonObject): boolean {
  const named = valueAt(webhook, 'clientConfig.service');
  if (!isJsonObject(named)) return false;
  const service = cluster.resource('services').find(String(named['namespace']), String(named['name']));
  return Object.keys(service?.spec.selector ?? {}).length > 0;
}

export function webhookAddress(cluster: Cluster, webhook: JsonObject): WebhookAddress {
  const config = isJsonObject(webhook['clientConfig']) ? webhook['clientConfig'] : {};
  const { url, service, caBundle } = config;
  const ca = typeof caBundle === 'string' ? Buffer.from(caBundle, 'base64').toString('utf8') : undefined;
  if (typeof url === 'string') return { url: new URL(url), ca };
  const { namespace, name, path = '/', port = 443 } = isJsonObject(service) ? service : {};
  const place = { namespace: String(namespace), name: String(name) };
  const target = `https://${readyEndpoint(cluster, place, port)}${String(path)}`;
  return { url: new URL(target), ca, serverName: `${place.name}.${place.namespace}.svc` };
}

/** Service references are resolved to a ready endpoint: this server runs outside the Pod network's address translation. */
function readyEndpoint(
  cluster: Cluster,
  { namespace, name }: { namespace: string; name: string },
  port: unknown,
): string {
  const service = cluster.resource('services').find(namespace, name);
  const portName = service?.spec.ports?.find((candidate) => candidate.port === port)?.name;
  const subsets = listAt(cluster.resource('endpoints').find(namespace, name), 'subsets');
  const subset = subsets.find((candidate) => listAt(candidate, 'addresses').length > 0);
  const address = listAt(subset, 'addresses')[0]?.['ip'];
  const target = listAt(subset, 'ports').find((candidate) => candidate['name'] === portName)?.['port'];
  if (address === undefined || target === undefined)
    throw new Error(`no endpoints available for service "${name}"`);
  return `${String(address)}:${String(target)}`;
}

export interface ReviewCall extends WebhookAddress {
  timeoutMs: number;
  body: JsonObject;
}

export function postReview(call: ReviewCall): Promise<unknown> {
  const text = JSON.stringify(call.body);
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) };
  const tls = {
    ...(call.ca === undefined ? {} : { ca: call.ca }),
    ...(call.serverName === undefined ? {} : { servername: call.serverName }),
  };
  const options = { method: 'POST', headers, signal: AbortSignal.timeout(call.timeoutMs) };
  return new Promise((resolve, reject) => {
    const receive = (response: http.IncomingMessage): void => {
      readAnswer(response).then(resolve, reject);
    };
    const request =
      call.url.protocol === 'https:'
        ? https.request(call.url, { ...options, ...tls }, receive)
        : http.request(call.url, options, receive);
    request.on('error', reject);
    request.end(text);
  });
}

async function readAnswer(response: http.IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxAnswerBytes) throw new Error('the answer is too large');
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks).toString('utf8');
  if (response.statusCode !== 200) throw new Error(`the webhook answered ${response.statusCode}`);
  const answer: unknown = JSON.parse(text);
  if (!isJsonObject(valueAt(answer, 'response')))
    throw new Error('the webhook did not answer with an AdmissionReview');
  return answer;
}
