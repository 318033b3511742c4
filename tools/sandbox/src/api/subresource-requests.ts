/** The subresources that are more than a view of the object: binding, eviction, scale, tokens, finalize, and a Pod's streams. */
import type { Cluster } from './cluster.js';
import { budgetRefusal } from './disruption-budget.js';
import { contentTypeOf, readBody, readObject, sendJson } from './http-exchange.js';
import type { Exchange } from './http-exchange.js';
import { ensureObject, isJsonObject, jsonOf, valueAt } from './json.js';
import type { JsonObject } from './json.js';
import type { KubeObject, Pod } from './kube-object.js';
import { objectOfKind } from './metadata-rules.js';
import { patchedValue } from './patch-request.js';
import type { RequestTarget } from './request-target.js';
import type { ServiceAccountTokens } from './service-account-tokens.js';
import { badRequest, methodNotAllowed, pathNotFound } from './status-error.js';
import { StreamRequests, type StreamSubresource } from './streams/stream-requests.js';

type NamedTarget = RequestTarget & { name: string };

const success = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 };

export class SubresourceRequests {
  readonly streams: StreamRequests;

  constructor(
    private readonly cluster: Cluster,
    private readonly tokens: ServiceAccountTokens,
  ) {
    this.streams = new StreamRequests(cluster);
  }

  async handle(exchange: Exchange, target: NamedTarget): Promise<void> {
    switch (target.subresource) {
      case 'binding':
        return this.bind(exchange, target);
      case 'eviction':
        return this.evict(exchange, target);
      case 'scale':
        return this.scale(exchange, target);
      case 'log':
      case 'exec':
      case 'attach':
      case 'portforward':
        return this.stream(exchange, target, target.subresource);
      case 'token':
        return this.token(exchange, target);
      case 'finalize':
        return this.finalize(exchange, target);
      default:
        throw pathNotFound();
    }
  }

  private async bind(exchange: Exchange, { namespace, name }: NamedTarget): Promise<void> {
    requireMethod(exchange, ['POST']);
    const node = valueAt(await readObject(exchange.request), 'target.name');
    if (typeof node !== 'string' || node === '') throw badRequest('target.name: Required value');
    this.cluster.bind(namespace ?? 'default', name, node);
    sendJson(exchange.response, 201, success);
  }

  private async evict(exchange: Exchange, { definition, namespace, name }: NamedTarget): Promise<void> {
    requireMethod(exchange, ['POST']);
    const body = await readObject(exchange.request);
    const pod = this.cluster.get(definition, namespace, name);
    const refusal = budgetRefusal(this.cluster, pod);
    if (refusal !== undefined) throw refusal;
    const asked = valueAt(body, 'deleteOptions');
    const options = isJsonObject(asked) ? asked : {};
    this.cluster.remove(definition, namespace, name, options);
    sendJson(exchange.response, 201, success);
  }

  private async scale(exchange: Exchange, target: NamedTarget): Promise<void> {
    requireMethod(exchange, ['GET', 'PUT', 'PATCH']);
    const { definition, namespace, name } = target;
    const current = this.cluster.get(definition, namespace, name);
    if (exchange.method === 'GET') return sendJson(exchange.response, 200, scaleOf(current));
    const wanted = await this.wantedScale(exchange, target, current);
    const replicas = valueAt(wanted, 'spec.replicas') ?? 0;
    if (typeof replicas !== 'number' || replicas < 0) throw badRequest('spec.replicas must not be negative');
    const resourceVersion = valueAt(wanted, 'metadata.resourceVersion');
    const updated = this.cluster.modify(definition, { namespace, name }, (draft) => {
      ensureObject(jsonOf(draft), 'spec')['replicas'] = replicas;
      if (typeof resourceVersion === 'string' && resourceVersion !== '')
        draft.metadata.resourceVersion = resourceVersion;
      return draft;
    });
    sendJson(exchange.response, 200, scaleOf(updated ?? current));
  }

  private async wantedScale(exchange: Exchange, target: NamedTarget, current: KubeObject): Promise<unknown> {
    if (exchange.method === 'PUT') return readObject(exchange.request);
    const type = contentTypeOf(exchange.request);
    return patchedValue(type, await readBody(exchange.request), scaleOf(current), target);
  }

  private stream(exchange: Exchange, target: NamedTarget, subresource: StreamSubresource): Promise<void> {
    requireMethod(exchange, subresource === 'log' ? ['GET'] : ['GET', 'POST']);
    const pod = this.cluster.get(target.definition, target.namespace, target.name) as Pod;
    return this.streams.handle(exchange, pod, subresource);
  }

  private async token(exchange: Exchange, { definition, namespace, name }: NamedTarget): Promise<void> {
    requireMethod(exchange, ['POST']);
    const account = this.cluster.get(definition, namespace, name);
    const request = await readObject(exchange.request);
    sendJson(exchange.response, 201, this.tokens.issue(account, request));
  }

  private async finalize(exchange: Exchange, { definition, name }: NamedTarget): Promise<void> {
    requireMethod(exchange, ['PUT']);
    const object = objectOfKind(definition, await readObject(exchange.request));
    object.metadata.name = name;
    sendJson(exchange.response, 200, this.cluster.update(definition, object));
  }
}

function requireMethod(exchange: Exchange, allowed: readonly string[]): void {
  if (!allowed.includes(exchange.method)) throw methodNotAllowed(exchange.method);
}

function scaleOf(object: KubeObject): JsonObject {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const labels = (valueAt(object, 'spec.selector.matchLabels') ??
    valueAt(object, 'spec.selector') ??
    {}) as Record<string, unknown>;
  const selector = Object.entries(labels)
    .map(([key, value]) => `${key}=${String(value)}`)
    .join(',');
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: { replicas: Number(valueAt(object, 'spec.replicas') ?? 0) },
    status: { replicas: Number(valueAt(object, 'status.replicas') ?? 0), selector },
  };
}
