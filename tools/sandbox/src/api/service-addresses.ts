/**
 * Gives Services their cluster address and node ports. What is in use is read from the stored Services each time, so nothing
 * can leak; two rotating cursors keep a freed address from being given out again at once.
 */
import { listAt, valueAt } from './json.js';
import type { JsonObject } from './json.js';
import type { KubeObject } from './kube-object.js';
import { setMissing } from './pod-defaults.js';
import type { StatusCause } from './status-error.js';

const nodePortRange = { first: 30_000, last: 32_767 };
/** The first ten addresses are left to those that ask by name: the API server (.1) and the cluster DNS (.10). */
const reservedAddresses = 10;

export function parseCidr(cidr: string): { base: number; size: number } {
  const [address = '', prefix = ''] = cidr.split('/');
  const length = Number(prefix);
  if (!/^\d+(\.\d+){3}$/.test(address) || !(length >= 8 && length <= 28))
    throw new Error(`not a usable IPv4 service range: ${cidr}`);
  return { base: addressNumber(address), size: 2 ** (32 - length) };
}

function addressNumber(address: string): number {
  return address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}

export function addressText(value: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');
}

export class ServiceAddresses {
  private readonly range: { base: number; size: number };
  private addressCursor = reservedAddresses;
  private portCursor = nodePortRange.first - 1;

  constructor(
    cidr: string,
    private readonly services: () => Iterable<KubeObject>,
  ) {
    this.range = parseCidr(cidr);
  }

  /** The address with the given number within the range: 1 is the API server's. */
  addressAt(offset: number): string {
    return addressText(this.range.base + offset);
  }

  /** Completes a Service in place; `current` is what it was before an update. Returns what is wrong with it. */
  assign(service: KubeObject, current?: KubeObject): StatusCause[] {
    const spec = service.spec as JsonObject;
    if (spec['type'] === 'ExternalName') return this.release(spec);
    if (current !== undefined) this.carryOver(spec, current);
    const causes = this.assignAddress(service, spec, current);
    if (spec['type'] === 'NodePort' || spec['type'] === 'LoadBalancer')
      return [...causes, ...this.assignNodePorts(service, spec)];
    for (const port of listAt(spec, 'ports')) delete port['nodePort'];
    return causes;
  }

  private release(spec: JsonObject): StatusCause[] {
    delete spec['clusterIP'];
    delete spec['clusterIPs'];
    return [];
  }

  private carryOver(spec: JsonObject, current: KubeObject): void {
    const before = current.spec as JsonObject;
    if (!spec['clusterIP'] && before['clusterIP'] !== undefined) spec['clusterIP'] = before['clusterIP'];
    for (const port of listAt(spec, 'ports')) {
      const same = listAt(before, 'ports').find(
        (old) => old['port'] === port['port'] && old['protocol'] === port['protocol'],
      );
      if (port['nodePort'] === undefined && same?.['nodePort'] !== undefined)
        port['nodePort'] = same['nodePort'];
    }
  }

  private assignAddress(
    service: KubeObject,
    spec: JsonObject,
    current: KubeObject | undefined,
  ): StatusCause[] {
    const asked = spec['clusterIP'] ? String(spec['clusterIP']) : undefined;
    const before = valueAt(current, 'spec.clusterIP');
    if (before !== undefined && asked !== before) return [badAddress(String(asked), 'field is immutable')];
    const isNew = asked !== undefined && asked !== 'None' && asked !== before;
    const refusal = isNew ? this.refusal(service, asked) : undefined;
    if (refusal !== undefined) return [badAddress(String(asked), refusal)];
    const clusterIP = asked ?? this.freeAddress();
    spec['clusterIP'] = clusterIP;
    spec['clusterIPs'] = [clusterIP];
    setMissing(spec, {
      ipFamilies: ['IPv4'],
      ipFamilyPolicy: 'SingleStack',
      internalTrafficPolicy: 'Cluster',
    });
    return [];
  }

  private refusal(service: KubeObject, address: string): string | undefined {
    const offset = addressNumber(address) - this.range.base;
    if (!/^\d+(\.\d+){3}$/.test(address) || offset < 1 || offset >= this.range.size - 1) {
      return 'provided IP is not in the valid range of service addresses';
    }
    for (const other of this.services()) {
      if (other.metadata.uid !== service.metadata.uid && valueAt(other, 'spec.clusterIP') === address)
        return 'provided IP is already allocated';
    }
    return undefined;
  }

  private freeAddress(): string {
    const used = new Set<unknown>();
    for (const service of this.services()) used.add(valueAt(service, 'spec.clusterIP'));
    for (let tried = 0; tried < this.range.size; tried += 1) {
      this.addressCursor =
        this.addressCursor + 1 >= this.range.size - 1 ? reservedAddresses + 1 : this.addressCursor + 1;
      const address = this.addressAt(this.addressCursor);
      if (!used.has(address)) return address;
    }
    throw new Error('the range of service addresses is used up');
  }

  private assignNodePorts(service: KubeObject, spec: JsonObject): StatusCause[] {
    const used = new Set<unknown>();
    for (const other of this.services()) {
      if (other.metadata.uid === service.metadata.uid) continue;
      for (const port of listAt(other, 'spec.ports')) used.add(port['nodePort']);
    }
    const causes: StatusCause[] = [];
    for (const port of listAt(spec, 'ports')) {
      const asked = port['nodePort'];
      if (typeof asked !== 'number' || asked === 0) port['nodePort'] = this.freeNodePort(used);
      else if (asked < nodePortRange.first || asked > nodePortRange.last)
        causes.push(badPort(asked, 'provided port is not in the valid range'));
      else if (used.has(asked)) causes.push(badPort(asked, 'provided port is already allocated'));
      used.add(port['nodePort']);
    }
    return causes;
  }

  private freeNodePort(used: Set<unknown>): number {
    for (let tried = nodePortRange.first; tried <= nodePortRange.last; tried += 1) {
      this.portCursor = this.portCursor >= nodePortRange.last ? nodePortRange.first : this.portCursor + 1;
      if (!used.has(this.portCursor)) return this.portCursor;
    }
    throw new Error('the range of node ports is used up');
  }
}

function badAddress(address: string, why: string): StatusCause {
  return {
    reason: 'FieldValueInvalid',
    message: `Invalid value: "${address}": ${why}`,
    field: 'spec.clusterIP',
  };
}

function badPort(port: number, why: string): StatusCause {
  return {
    reason: 'FieldValueInvalid',
    message: `Invalid value: ${port}: ${why}`,
    field: 'spec.ports.nodePort',
  };
}
