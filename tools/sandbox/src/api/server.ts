/**
 * The Kubernetes API server of the sandbox cluster: listens, lets in who may do what he asks and hands each request to discovery,
 * to the verbs on objects or to the subresources. All state is in memory and gone with the process.
 */
import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { stringify as toYaml } from 'yaml';
import { EventRecorder } from '../events/event-recorder.js';
import { Authorizer } from './access/authorizer.js';
import { Door } from './access/door.js';
import { Reviews } from './access/reviews.js';
import { Admission } from './admission.js';
import type { TellLeftOut } from './admission.js';
import { furnishCluster } from './bootstrap.js';
import { selfSignedCertificate } from './certificate.js';
import { Cluster } from './cluster.js';
import { exchangeOf, plainResponse, sendFailure } from './http-exchange.js';
import type { Upgrade } from './http-exchange.js';
import { RequestRouter } from './request-router.js';
import { ServiceAccountTokens } from './service-account-tokens.js';
import type { Containers } from './streams/containers.js';
import { WatchStreams } from './watch-stream.js';

export interface ApiServerOptions {
  host?: string;
  /** 0 takes any free port. */
  port?: number;
  token?: string;
  serviceCidr?: string;
  /** Changes kept per resource for watches that resume. */
  historyLimit?: number;
  bookmarkIntervalMs?: number;
  /** False: as before Kubernetes 1.30. */
  tokensNameNodes?: boolean;
  now?: () => Date;
}

export interface ApiServer {
  readonly url: string;
  readonly token: string;
  /** PEM of the certificate clients have to trust. */
  readonly ca: string;
  /** YAML text of a kubeconfig for this server. */
  readonly kubeconfig: string;
  /** Direct access for controllers and nodes in this process. */
  readonly cluster: Cluster;
  /** Who keeps the logs of Pods and runs programs in them. */
  useContainers(containers: Containers): void;
  /** Deliberate trouble for tests of clients. */
  readonly faults: {
    /** Forgets the history, so that every resumed watch and every later page of a list answers 410. */
    expireHistory(): void;
    /** Breaks off every open watch in the middle of its transfer. */
    breakOffWatches(): void;
  };
  close(): Promise<void>;
}

export async function startApiServer(options: ApiServerOptions = {}): Promise<ApiServer> {
  const {
    host = '127.0.0.1',
    port = 0,
    token = randomBytes(24).toString('base64url'),
    serviceCidr = '10.96.0.0/16',
  } = options;
  const cluster = new Cluster({
    serviceCidr,
    historyLimit: options.historyLimit ?? 10_000,
    ...(options.now ? { now: options.now } : {}),
  });
  const events = new EventRecorder(cluster, 'api-server');
  const tell: TellLeftOut = (configuration, message) =>
    void events.record(configuration, { type: 'Warning', reason: 'NotReviewed', message });
  cluster.useAdmission(new Admission(cluster, tell));
  const watches = new WatchStreams(cluster, options.bookmarkIntervalMs ?? 10_000);
  const tokens = new ServiceAccountTokens(cluster, options.tokensNameNodes);
  const authorizer = new Authorizer(cluster);
  const door = new Door(token, tokens, authorizer);
  const router = new RequestRouter(cluster, watches, new Reviews(tokens, authorizer), tokens);
  const { streams } = router.subresources;
  const { key, certificate } = selfSignedCertificate(serverNames(host, cluster), cluster.now());
  const server = createServer({ key, cert: certificate, keepAliveTimeout: 65_000 }, (request, response) => {
    void answer(router, door, { request, response });
  });
  server.on('upgrade', (request, socket, head) => {
    // A client that goes away in the middle of it is nobody's failure.
    socket.on('error', () => undefined);
    const upgrade = { socket, head };
    void answer(router, door, { request, response: plainResponse(request, upgrade), upgrade });
  });
  await listen(server, port, host);
  const address = { host, port: (server.address() as AddressInfo).port, ca: certificate };
  const stopFurnishing = await furnishCluster(cluster, address);
  const url = `https://${host.includes(':') ? `[${host}]` : host}:${address.port}`;
  return {
    url,
    token,
    ca: certificate,
    kubeconfig: kubeconfigFor(url, token, certificate),
    cluster,
    useContainers: (containers) => streams.useContainers(containers),
    faults: { expireHistory: () => expireHistory(cluster), breakOffWatches: () => watches.breakOff() },
    close: () => {
      stopFurnishing();
      streams.close();
      return close(server);
    },
  };
}

async function answer(
  router: RequestRouter,
  door: Door,
  { request, response, upgrade }: { request: IncomingMessage; response: ServerResponse; upgrade?: Upgrade },
): Promise<void> {
  try {
    const exchange = exchangeOf(request, response, upgrade);
    if (router.isPublic(exchange)) return router.answerPublicly(exchange);
    await router.route(exchange, door.admit(exchange, request.headersDistinct));
  } catch (error) {
    sendFailure(response, error);
  }
}

function serverNames(host: string, cluster: Cluster): string[] {
  const inCluster = [
    'kubernetes',
    'kubernetes.default',
    'kubernetes.default.svc',
    'kubernetes.default.svc.cluster.local',
  ];
  return [host, 'localhost', '127.0.0.1', '::1', cluster.addresses.addressAt(1), ...inCluster];
}

function kubeconfigFor(server: string, token: string, certificate: string): string {
  const authority = Buffer.from(certificate).toString('base64');
  return toYaml({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'sandbox', cluster: { server, 'certificate-authority-data': authority } }],
    users: [{ name: 'sandbox', user: { token } }],
    contexts: [{ name: 'sandbox', context: { cluster: 'sandbox', user: 'sandbox' } }],
    'current-context': 'sandbox',
  });
}

function expireHistory(cluster: Cluster): void {
  for (const [, collection] of cluster.store.all()) collection.forgetHistory();
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
