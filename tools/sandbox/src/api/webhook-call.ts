/** One HTTP call to an admission webhook: where it listens, and the exchange itself with its time limit and size limit. */
import http from 'node:http';
import https from 'node:https';
import type { Cluster } from './cluster.js';
import { isJsonObject, listAt, valueAt } from './json.js';
import type { JsonObject } from './json.js';

const maxAnswerBytes = 4 * 1024 * 1024;

/** Service references are resolved to a ready endpoint: this server runs outside the Pod network's address translation. */
export function webhookUrl(
  cluster: Cluster,
  webhook: JsonObject,
): { url: URL; ca: string | undefined; serverName?: string } {
  const config = isJsonObject(webhook['clientConfig']) ? webhook['clientConfig'] : {};
  const ca =
    typeof config['caBundle'] === 'string'
      ? Buffer.from(config['caBundle'], 'base64').toString('utf8')
      : undefined;
  if (typeof config['url'] === 'string') return { url: new URL(config['url']), ca };
  const service = isJsonObject(config['service']) ? config['service'] : {};
  const { namespace, name, path = '/', port = 443 } = service;
  const found = cluster.find(cluster.catalog.named('services'), String(namespace), String(name));
  const portName = listAt(found, 'spec.ports').find((candidate) => candidate['port'] === port)?.['name'];
  const endpoints = cluster.find(cluster.catalog.named('endpoints'), String(namespace), String(name));
  const subset = listAt(endpoints, 'subsets').find((candidate) => listAt(candidate, 'addresses').length > 0);
  const address = listAt(subset, 'addresses')[0]?.['ip'];
  const target = listAt(subset, 'ports').find((candidate) => candidate['name'] === portName)?.['port'];
  if (address === undefined || target === undefined)
    throw new Error(`no endpoints available for service "${String(name)}"`);
  return {
    url: new URL(`https://${String(address)}:${String(target)}${String(path)}`),
    ca,
    serverName: `${String(name)}.${String(namespace)}.svc`,
  };
}

export interface ReviewCall {
  url: URL;
  ca: string | undefined;
  serverName?: string;
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
