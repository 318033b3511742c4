/**
 * Admission webhooks: calls the configured mutating and then validating webhooks for an object that is about to be created.
 * It finds them in the cluster itself; what a refused or failing call means is decided by the webhook's failure policy.
 */
import { randomUUID } from 'node:crypto';
import type { AdmissionReview, Cluster } from './cluster.js';
import { applyJsonPatch } from './json-patch.js';
import type { JsonPatchOperation } from './json-patch.js';
import { isJsonObject, jsonOf, listAt, valueAt } from './json.js';
import type { JsonObject } from './json.js';
import { isKubeObject } from './kube-object.js';
import type { KubeObject, LabelSelector } from './kube-object.js';
import type { ResourceDefinition } from './resource-definition.js';
import { matchesSelector } from './selector.js';
import { StatusError } from './status-error.js';
import { leadsToStandIns, postReview, webhookAddress } from './webhook-call.js';

/** Hears of each review that was left out, of the configuration that asks for it. */
export type TellLeftOut = (configuration: KubeObject, why: string) => void;

interface Webhook {
  readonly configuration: KubeObject;
  readonly settings: JsonObject;
}
/** As documented: these are reviewed by none, or a webhook that fails could not be taken away. */
const reviewedByNone = 'admissionregistration.k8s.io';

export class Admission implements AdmissionReview {
  constructor(
    private readonly cluster: Cluster,
    private readonly tell: TellLeftOut,
  ) {}

  async review(definition: ResourceDefinition, draft: KubeObject): Promise<KubeObject> {
    let object = draft;
    for (const webhook of this.webhooks('mutatingwebhookconfigurations', definition, draft)) {
      object = await this.call(webhook, definition, object);
    }
    for (const webhook of this.webhooks('validatingwebhookconfigurations', definition, object)) {
      await this.call(webhook, definition, object);
    }
    return object;
  }

  private webhooks(plural: string, definition: ResourceDefinition, object: KubeObject): Webhook[] {
    if (definition.group === reviewedByNone) return [];
    const configurations = [
      ...this.cluster.store.collection(`${plural}.admissionregistration.k8s.io`).values(),
    ];
    if (configurations.length === 0) return [];
    configurations.sort((left, right) => (left.metadata.name < right.metadata.name ? -1 : 1));
    return configurations
      .flatMap((configuration) =>
        listAt(configuration, 'webhooks').map((settings) => ({ configuration, settings })),
      )
      .filter(({ settings }) => this.isMeant(settings, definition, object));
  }

  private isMeant(webhook: JsonObject, definition: ResourceDefinition, object: KubeObject): boolean {
    if (!listAt(webhook, 'rules').some((rule) => isRuleFor(rule, definition))) return false;
    const { namespaceSelector, objectSelector } = webhook;
    if (
      isJsonObject(objectSelector) &&
      !matchesSelector(object.metadata.labels, objectSelector as LabelSelector)
    )
      return false;
    if (!isJsonObject(namespaceSelector) || object.metadata.namespace === undefined) return true;
    const namespace = this.cluster.find(
      this.cluster.catalog.named('namespaces'),
      undefined,
      object.metadata.namespace,
    );
    return matchesSelector(namespace?.metadata.labels, namespaceSelector as LabelSelector);
  }

  private async call(
    { configuration, settings }: Webhook,
    definition: ResourceDefinition,
    object: KubeObject,
  ): Promise<KubeObject> {
    const name = String(settings['name']);
    const leaveOut = (why: string): KubeObject => {
      // Events would be about themselves.
      if (definition.plural !== 'events') this.tell(configuration, `webhook "${name}" ${why}`);
      return object;
    };
    if (leadsToStandIns(this.cluster, settings))
      return leaveOut(
        'is not asked: its Service leads to Pods of the sandbox, stand-ins that review nothing',
      );
    try {
      const target = webhookAddress(this.cluster, settings);
      const timeoutSeconds = Number(settings['timeoutSeconds']);
      const answer = await postReview({
        ...target,
        timeoutMs: timeoutSeconds * 1000,
        body: reviewOf(definition, object),
      });
      return outcome(name, answer, object);
    } catch (error) {
      if (error instanceof StatusError || settings['failurePolicy'] !== 'Ignore')
        throw asRefusal(name, error);
      return leaveOut(`failed and is ignored, as its failure policy says: ${messageOf(error)}`);
    }
  }
}

function isRuleFor(rule: JsonObject, definition: ResourceDefinition): boolean {
  const names = (key: string, wanted: string): boolean => {
    const values = rule[key];
    return Array.isArray(values) && (values.includes('*') || values.includes(wanted));
  };
  const hasResource = names('resources', definition.plural) || names('resources', '*/*');
  return (
    names('operations', 'CREATE') &&
    names('apiGroups', definition.group) &&
    names('apiVersions', definition.version) &&
    hasResource
  );
}

function reviewOf(definition: ResourceDefinition, object: KubeObject): JsonObject {
  const { group, version, plural, kind } = definition;
  const request = {
    uid: randomUUID(),
    kind: { group, version, kind },
    resource: { group, version, resource: plural },
    requestKind: { group, version, kind },
    requestResource: { group, version, resource: plural },
    name: object.metadata.name,
    ...(object.metadata.namespace === undefined ? {} : { namespace: object.metadata.namespace }),
    operation: 'CREATE',
    userInfo: { username: 'sandbox', groups: ['system:authenticated'] },
    object: jsonOf(object),
    oldObject: null,
    dryRun: false,
    options: { kind: 'CreateOptions', apiVersion: 'meta.k8s.io/v1' },
  };
  return { kind: 'AdmissionReview', apiVersion: 'admission.k8s.io/v1', request };
}

function outcome(name: string, answer: unknown, object: KubeObject): KubeObject {
  const response = valueAt(answer, 'response');
  if (!isJsonObject(response)) throw new Error('the answer holds no response');
  if (response['allowed'] !== true) {
    const status = isJsonObject(response['status']) ? response['status'] : {};
    const why = String(status['message'] ?? status['reason'] ?? 'without explanation');
    const code = typeof status['code'] === 'number' ? status['code'] : 400;
    throw new StatusError(code, 'Forbidden', `admission webhook "${name}" denied the request: ${why}`);
  }
  if (typeof response['patch'] !== 'string') return object;
  const operations = JSON.parse(
    Buffer.from(response['patch'], 'base64').toString('utf8'),
  ) as JsonPatchOperation[];
  const patched = applyJsonPatch(jsonOf(object), operations);
  if (!isKubeObject(patched)) throw new Error('its patch leaves no object');
  return patched;
}

function asRefusal(name: string, error: unknown): StatusError {
  if (error instanceof StatusError) return error;
  return new StatusError(
    500,
    'InternalError',
    `Internal error occurred: failed calling webhook "${name}": ${messageOf(error)}`,
  );
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
