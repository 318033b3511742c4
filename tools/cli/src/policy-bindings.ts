/**
 * Who answers for a virtual service, as documents say it. Bindings know no draft: they are in force at once, and need their virtual service to be. So
 * they are made after provisioning, and what was bound otherwise is unbound then.
 */
import type { ApiClient } from './api.client.js';
import { canonical } from './policy-difference.js';
import type { PolicyPlan } from './policy-apply.js';
import { policyTranslation } from './policy-translation.js';
import { idOf } from './word-forms.js';
import type { BindingBody } from './policy-bodies.js';

/** How many were made or ended. */
export async function bindWorkloads(api: ApiClient, { parsed, known }: PolicyPlan): Promise<number> {
  const translate = policyTranslation(known, parsed.at);
  const said = parsed.policy.virtual_services.flatMap((service, index) =>
    (service.workloads ?? []).map((bound, at) => ({
      service: service.name,
      body: translate.binding(bound, ['virtual_services', index, 'workloads', at]),
    })),
  );
  const services = parsed.policy.virtual_services.filter(({ workloads }) => workloads !== undefined);
  if (services.length === 0) return 0;
  const existing = await api.all<BindingBody>('/service_bindings');
  let changes = 0;
  for (const { name } of services) {
    const id = idOf(known.virtualServices.get(name));
    const wanted = new Map(
      said.filter(({ service }) => service === name).map(({ body }) => [meaningOf(body), body]),
    );
    for (const one of existing.filter((each) => idOf(each.virtual_service.href) === id)) {
      if (wanted.delete(meaningOf(one))) continue;
      await api.remove(one.href);
      changes += 1;
    }
    if (wanted.size === 0) continue;
    const href = known.virtualServices.get(name)!.replace('/draft/', '/active/');
    await api.post(
      '/service_bindings',
      [...wanted.values()].map((body) => ({ virtual_service: { href }, ...body })),
    );
    changes += wanted.size;
  }
  return changes;
}

/** By whom, and on which ports. */
function meaningOf(body: Readonly<Record<string, unknown>> | BindingBody): string {
  const { workload, port_overrides: overrides } = body as Pick<BindingBody, 'workload' | 'port_overrides'>;
  const ports = overrides.map(({ port, proto, new_port: to, new_to_port: last }) => [
    port,
    proto,
    to,
    last ?? to,
  ]);
  return `${idOf(workload.href)} ${canonical(ports)}`;
}
