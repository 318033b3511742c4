/** The verbs on collections and objects: get, list, watch, create, update, patch, delete, deletecollection. */
import type { Cluster } from './cluster.js';
import type { DeleteOptions } from './deletion.js';
import { readObject, sendJson } from './http-exchange.js';
import type { Exchange } from './http-exchange.js';
import { isJsonObject } from './json.js';
import type { KubeObject } from './kube-object.js';
import { listPage } from './list-page.js';
import type { ListQuery } from './list-page.js';
import { objectOfKind } from './metadata-rules.js';
import { patchObject } from './patch-request.js';
import { representationFor } from './representation.js';
import type { Representation } from './representation.js';
import type { RequestTarget } from './request-target.js';
import { objectFilter } from './selector.js';
import { badRequest, forbidden, invalid, methodNotAllowed } from './status-error.js';
import type { WatchStreams } from './watch-stream.js';

/** A stock server ends watches after 30 to 60 minutes unless the client says when. */
const defaultWatchSeconds = 1800;

export class ResourceRequests {
  constructor(
    private readonly cluster: Cluster,
    private readonly watches: WatchStreams,
  ) {}

  async handle(exchange: Exchange, target: RequestTarget): Promise<void> {
    if (target.name === undefined) return this.onCollection(exchange, target);
    return this.onObject(exchange, target, target.name);
  }

  private async onCollection(exchange: Exchange, target: RequestTarget): Promise<void> {
    switch (exchange.method) {
      case 'GET':
        return isTrue(exchange.query.get('watch'))
          ? this.watch(exchange, target)
          : this.list(exchange, target);
      case 'POST':
        return this.create(exchange, target);
      case 'DELETE':
        return this.removeAll(exchange, target);
      default:
        throw methodNotAllowed(exchange.method);
    }
  }

  private async onObject(exchange: Exchange, target: RequestTarget, name: string): Promise<void> {
    switch (exchange.method) {
      case 'GET':
        if (isTrue(exchange.query.get('watch'))) return this.watch(exchange, target);
        return this.send(exchange, target, 200, this.cluster.get(target.definition, target.namespace, name));
      case 'PUT':
        return this.replace(exchange, target, name);
      case 'PATCH': {
        const { object, isNew } = await patchObject(this.cluster, exchange, target, name);
        return this.send(exchange, target, isNew ? 201 : 200, object);
      }
      case 'DELETE':
        return this.remove(exchange, target, name);
      default:
        throw methodNotAllowed(exchange.method);
    }
  }

  private list(exchange: Exchange, target: RequestTarget): void {
    const { objects, metadata } = listPage(this.cluster, listQuery(exchange, target));
    sendJson(exchange.response, 200, this.representation(exchange, target).list(objects, metadata));
  }

  private watch(exchange: Exchange, target: RequestTarget): void {
    const { query } = exchange;
    if (isTrue(query.get('sendInitialEvents'))) {
      const message =
        'Forbidden: sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled';
      throw invalid(target.definition, '', [
        { reason: 'FieldValueForbidden', message, field: 'sendInitialEvents' },
      ]);
    }
    const seconds = Number(query.get('timeoutSeconds') ?? 0) || defaultWatchSeconds;
    const { definition, namespace, matches, resourceVersion } = listQuery(exchange, target);
    const wantsBookmarks = isTrue(query.get('allowWatchBookmarks'));
    const watch = {
      definition,
      namespace,
      matches,
      resourceVersion,
      wantsBookmarks,
      timeoutMs: seconds * 1000,
    };
    this.watches.start(watch, this.representation(exchange, target), exchange.response);
  }

  private async create(exchange: Exchange, target: RequestTarget): Promise<void> {
    const object = objectOfKind(target.definition, await readObject(exchange.request));
    placeInNamespace(object, target);
    const created = await this.cluster.create(target.definition, object, { dryRun: isDryRun(exchange) });
    this.send(exchange, target, 201, created);
  }

  private async replace(exchange: Exchange, target: RequestTarget, name: string): Promise<void> {
    const object = objectOfKind(target.definition, await readObject(exchange.request));
    placeInNamespace(object, target);
    object.metadata.name ??= name;
    if (object.metadata.name !== name) {
      throw badRequest(
        `the name of the object (${object.metadata.name}) does not match the name on the URL (${name})`,
      );
    }
    const isStatus = target.subresource === 'status';
    const options = { dryRun: isDryRun(exchange), ...(isStatus ? { subresource: 'status' as const } : {}) };
    this.send(exchange, target, 200, this.cluster.update(target.definition, object, options));
  }

  private async remove(exchange: Exchange, target: RequestTarget, name: string): Promise<void> {
    const options = await deleteOptions(exchange);
    if (target.definition.kind === 'Namespace' && ['default', 'kube-system', 'kube-public'].includes(name)) {
      throw forbidden(target.definition, name, 'this namespace may not be deleted');
    }
    const { object, isGone } = this.cluster.remove(target.definition, target.namespace, name, options);
    if (!isGone || target.definition.kind === 'Pod') return this.send(exchange, target, 200, object);
    const details = {
      name,
      group: target.definition.group,
      kind: target.definition.plural,
      uid: object.metadata.uid,
    };
    sendJson(exchange.response, 200, {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Success',
      details,
    });
  }

  private async removeAll(exchange: Exchange, target: RequestTarget): Promise<void> {
    if (target.definition.namespaced && target.namespace === undefined) throw methodNotAllowed('DELETE');
    const options = await deleteOptions(exchange);
    const { objects, metadata } = listPage(this.cluster, { ...listQuery(exchange, target), limit: 0 });
    for (const object of objects)
      this.cluster.remove(target.definition, object.metadata.namespace, object.metadata.name, options);
    sendJson(exchange.response, 200, this.representation(exchange, target).list(objects, metadata));
  }

  private send(exchange: Exchange, target: RequestTarget, code: number, object: KubeObject): void {
    sendJson(exchange.response, code, this.representation(exchange, target).one(object));
  }

  private representation(exchange: Exchange, target: RequestTarget): Representation {
    return representationFor(
      exchange.accept,
      target.definition,
      exchange.query.get('includeObject'),
      this.cluster.now,
    );
  }
}

/** A watch or list on one object's address is one on the collection with a field selector. */
function listQuery({ query }: Exchange, { definition, namespace, name }: RequestTarget): ListQuery {
  const labelSelector = query.get('labelSelector') ?? undefined;
  const byName = name === undefined ? undefined : `metadata.name=${name}`;
  const fieldSelector = [query.get('fieldSelector') || undefined, byName]
    .filter((part) => part !== undefined)
    .join(',');
  return {
    definition,
    namespace,
    matches: objectFilter(labelSelector, fieldSelector),
    isFiltered: Boolean(labelSelector) || fieldSelector !== '',
    limit: nonNegative(query.get('limit'), 'limit'),
    continueToken: query.get('continue') || undefined,
    resourceVersion: query.get('resourceVersion') ?? undefined,
    isExact: query.get('resourceVersionMatch') === 'Exact',
  };
}

function nonNegative(text: string | null, what: string): number {
  const value = Number(text ?? 0);
  if (!Number.isInteger(value) || value < 0)
    throw badRequest(`${what} must be a non-negative integer, not "${text}"`);
  return value;
}

function isTrue(text: string | null): boolean {
  return text === 'true' || text === '1';
}

function isDryRun({ query }: Exchange): boolean {
  return query.getAll('dryRun').includes('All');
}

function placeInNamespace(object: KubeObject, { definition, namespace }: RequestTarget): void {
  if (!definition.namespaced) return;
  object.metadata.namespace ??= namespace ?? 'default';
  if (namespace === undefined || object.metadata.namespace === namespace) return;
  throw badRequest(
    `the namespace of the provided object does not match the namespace sent on the request: ${object.metadata.namespace}, ${namespace}`,
  );
}

export async function deleteOptions({ request, query }: Exchange): Promise<DeleteOptions> {
  const body = await readObject(request);
  const options: DeleteOptions = isJsonObject(body) ? { ...(body as DeleteOptions) } : {};
  const grace = query.get('gracePeriodSeconds');
  const policy = query.get('propagationPolicy');
  if (grace !== null) options.gracePeriodSeconds = nonNegative(grace, 'gracePeriodSeconds');
  if (policy !== null) options.propagationPolicy = policy;
  if (query.has('dryRun')) options.dryRun = query.getAll('dryRun');
  return options;
}
