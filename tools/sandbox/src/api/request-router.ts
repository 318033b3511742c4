/** Which part of the server answers a request, by its path. */
import type { Reviews } from './access/reviews.js';
import type { User } from './access/user.js';
import type { Cluster } from './cluster.js';
import { discoveryFor } from './discovery.js';
import { readObject, sendJson, sendText } from './http-exchange.js';
import type { Exchange } from './http-exchange.js';
import {
  openApiV2,
  openApiV2Protobuf,
  openApiV2ProtobufType,
  openApiV3For,
  openApiV3Index,
} from './openapi.js';
import { targetOf } from './request-target.js';
import { ResourceRequests } from './resource-requests.js';
import type { ServiceAccountTokens } from './service-account-tokens.js';
import { methodNotAllowed, pathNotFound } from './status-error.js';
import { SubresourceRequests } from './subresource-requests.js';
import type { WatchStreams } from './watch-stream.js';

const version = {
  major: '1',
  minor: '32',
  gitVersion: 'v1.32.4',
  gitCommit: '0000000000000000000000000000000000000000',
  gitTreeState: 'clean',
  buildDate: '2025-04-22T00:00:00Z',
  goVersion: 'go1.23.6',
  compiler: 'gc',
  platform: 'linux/amd64',
};

const publicPaths = new Set(['/version', '/healthz', '/readyz', '/livez']);

export class RequestRouter {
  readonly subresources: SubresourceRequests;
  private readonly resources: ResourceRequests;

  constructor(
    private readonly cluster: Cluster,
    private readonly watches: WatchStreams,
    private readonly reviews: Reviews,
    tokens: ServiceAccountTokens,
  ) {
    this.resources = new ResourceRequests(cluster, watches);
    this.subresources = new SubresourceRequests(cluster, tokens);
  }

  /** Health and version are answered to everybody, as by a stock server. */
  isPublic({ path }: Exchange): boolean {
    return publicPaths.has(path);
  }

  answerPublicly({ response, path }: Exchange): void {
    if (path === '/version') return sendJson(response, 200, version);
    sendText(response, 200, 'ok', 'text/plain; charset=utf-8');
  }

  async route(exchange: Exchange, user: User): Promise<void> {
    const path = exchange.path.replace(/\/+$/, '') || '/';
    const [root, ...rest] = path.split('/').slice(1);
    if (root === 'api' && rest.length >= 2) return this.onResource(exchange, path, user);
    if (root === 'apis' && rest.length >= 3) return this.onResource(exchange, path, user);
    if (exchange.method !== 'GET' && exchange.method !== 'HEAD') throw methodNotAllowed(exchange.method);
    if (root === 'api' || root === 'apis') {
      const { body, type } = discoveryFor(this.cluster.catalog, path, exchange.accept);
      return sendText(exchange.response, 200, JSON.stringify(body), type);
    }
    return this.onDocument(exchange, path);
  }

  private async onResource(exchange: Exchange, path: string, user: User): Promise<void> {
    const review = this.reviews.answerFor(path);
    if (review !== undefined && exchange.method !== 'POST') throw methodNotAllowed(exchange.method);
    if (review !== undefined)
      return sendJson(exchange.response, 201, review(user, await readObject(exchange.request)));
    const target = targetOf(this.cluster.catalog, path);
    const { subresource, name } = target;
    if (subresource === undefined || subresource === 'status' || name === undefined)
      return this.resources.handle(exchange, target);
    return this.subresources.handle(exchange, { ...target, name });
  }

  private onDocument({ response, accept }: Exchange, path: string): void {
    if (path === '/metrics') return sendText(response, 200, this.metrics(), 'text/plain; version=0.0.4');
    if (path === '/openapi/v3') return sendJson(response, 200, openApiV3Index(this.cluster.catalog));
    if (path.startsWith('/openapi/v3/'))
      return sendJson(response, 200, openApiV3For(this.cluster, path.slice('/openapi/v3/'.length)));
    if (path !== '/openapi/v2') throw pathNotFound();
    if (accept.includes('protobuf'))
      return sendText(response, 200, openApiV2Protobuf(), openApiV2ProtobufType);
    return sendJson(response, 200, openApiV2());
  }

  private metrics(): string {
    const { opened, cutOff } = this.watches.counters;
    const lines = [
      `sandbox_store_revision ${this.cluster.store.revision}`,
      `sandbox_watches_open ${this.watches.openCount}`,
      `sandbox_watches_opened_total ${opened}`,
      `sandbox_watches_cut_off_total{reason="slow-reader"} ${cutOff}`,
    ];
    return `${lines.join('\n')}\n`;
  }
}
