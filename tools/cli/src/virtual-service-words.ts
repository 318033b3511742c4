/** Virtual services, and who is bound to them, in the words of policy documents. Pure. */
import type { BindingBody, VirtualServiceBody } from './policy-bodies.js';
import { ownerOf } from './policy-owner.js';
import { portText } from './port-words.js';
import { idOf, said } from './word-forms.js';
import type { Body, FileNames } from './word-forms.js';

export function virtualServiceWords(
  body: VirtualServiceBody,
  bindings: readonly BindingBody[],
  names: FileNames,
): Body {
  const { name, description, service, apply_to: applyTo } = body;
  const labels = body.labels.map(({ key = '', value = '' }) => [key, value] as const);
  return {
    name,
    ...said({
      owner: ownerOf('virtual_services', body),
      description,
      apply_to: applyTo === 'host_only' ? undefined : applyTo,
      labels: labels.length === 0 ? undefined : sortedFields(labels),
      service: service && names.services.get(idOf(service.href)),
      ports: (body.service_ports ?? []).map(portText),
      addresses: body.service_addresses.map(addressWord),
      overrides: body.ip_overrides,
      workloads: bindings.map((one) => boundWord(one, names)).sort(byText),
    }),
  };
}
const sortedFields = (entries: readonly (readonly [string, unknown])[]): Body =>
  Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)));
const byText = (a: unknown, b: unknown): number => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);

function addressWord({ ip, fqdn, port, description }: Body): unknown {
  if (ip !== undefined && port === undefined && !description) return ip;
  return said({ ip, fqdn, port: port === undefined ? undefined : String(port as number), description });
}

function boundWord({ workload, port_overrides: overrides }: BindingBody, names: FileNames): unknown {
  const name = names.workloads.get(idOf(workload.href)) ?? workload.name ?? '';
  if (overrides.length === 0) return name;
  const ports = overrides.map(({ port, proto, new_port: to, new_to_port: last }) => [
    portText({ proto, port }),
    last === undefined ? String(to) : `${String(to)}-${String(last)}`,
  ]);
  return { workload: name, ports: Object.fromEntries(ports) as unknown };
}
