/** Webhook configurations: the documented defaults, and how long a webhook may take. */
import { ensureObject, jsonOf, listAt, valueAt } from './json.js';
import type { KubeObject } from './kube-object.js';
import { setMissing } from './pod-defaults.js';
import type { StatusCause } from './status-error.js';

const longestSeconds = 30;

export function defaultWebhooks(configuration: KubeObject): void {
  const isMutating = configuration.kind === 'MutatingWebhookConfiguration';
  for (const webhook of listAt(jsonOf(configuration), 'webhooks')) {
    setMissing(webhook, {
      ...{ failurePolicy: 'Fail', timeoutSeconds: 10, matchPolicy: 'Equivalent' },
      ...{ namespaceSelector: {}, objectSelector: {} },
      ...(isMutating ? { reinvocationPolicy: 'Never' } : {}),
    });
    for (const rule of listAt(webhook, 'rules')) setMissing(rule, { scope: '*' });
    const isService = valueAt(webhook, 'clientConfig.service') !== undefined;
    if (isService) setMissing(ensureObject(ensureObject(webhook, 'clientConfig'), 'service'), { port: 443 });
  }
}

export function webhookCauses(configuration: KubeObject): StatusCause[] {
  return listAt(configuration, 'webhooks').flatMap(({ timeoutSeconds }, index) => {
    const seconds = Number(timeoutSeconds);
    if (seconds >= 1 && seconds <= longestSeconds) return [];
    const message = `Invalid value: ${String(timeoutSeconds)}: the timeout value must be between 1 and ${longestSeconds} seconds`;
    return [{ reason: 'FieldValueInvalid', message, field: `webhooks[${index}].timeoutSeconds` }];
  });
}
