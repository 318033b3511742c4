/**
 * The truth table of NetworkPolicies on real packets: what nodes are told, rendered and loaded as agents do it, row after row and
 * change after change in the same namespaces.
 */
import { trafficOf, TRUTH_CLUSTER, TRUTH_TABLE } from '@ringfence/cluster-facts/testing';
import type { JudgedPod, TrafficEnd, TruthStep } from '@ringfence/cluster-facts/testing';
import { buildModel, changeBetween, groupPeers, OWN_HOST, peerSet, renderChange } from '@ringfence/firewall';
import type { FirewallModel } from '@ringfence/firewall';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PlayedTruth } from '../../testing/played-truth.js';
import { NODE, TownNamespaces } from '../../testing/town-namespaces.js';

const HOST = ['172.16.0.1'];
const nameOf = ({ namespace, name }: JudgedPod): string => `${namespace}/${name}`;
const PODS = TRUTH_CLUSTER.pods.filter(({ hostNetwork }) => !hostNetwork);
const address6 = (pod: JudgedPod): string =>
  `fd10::${String(PODS.findIndex((one) => nameOf(one) === nameOf(pod)) + 1)}`;
const placeOf = ({ pod }: TrafficEnd): string => (pod === null || pod.hostNetwork ? NODE : nameOf(pod));
/** Each packet by a port of its own: those of another row are other connections. */
const FIRST_ID = 2_000;
const PATIENCE = 100;

describe('NetworkPolicies in real namespaces', () => {
  let town: TownNamespaces;
  const inForce = new Map<string, FirewallModel>();
  let sent = FIRST_ID;
  const expected = new Map<string, number[]>();

  beforeAll(() => {
    town = new TownNamespaces(
      PODS.map((pod) => ({ name: nameOf(pod), addresses: [...pod.addresses, address6(pod)] })),
    );
  });
  afterAll(async () => {
    await town.close();
  });

  function enforce({ bed, cluster }: PlayedTruth): void {
    const members = bed.members();
    const peers = (id: string) => {
      if (id === OWN_HOST) return peerSet(HOST, []);
      const group = bed.groups.get(id);
      return group && groupPeers(group, members, HOST);
    };
    for (const pod of cluster.pods) {
      const unit = bed.unitOf(pod);
      if (unit === null) continue;
      const name = nameOf(pod);
      const change = changeBetween(inForce.get(name), buildModel(unit, peers, { kind: 'pod', revision: 1 }));
      if (change === 'nothing') continue;
      town.nft(name, renderChange(change));
      inForce.set(name, change.model);
    }
  }

  /** Which of them get through. */
  async function through(played: PlayedTruth, { passes, cut }: TruthStep): Promise<string[]> {
    const attempts = [...passes, ...cut].map((text) => {
      const { from, to, ...on } = trafficOf(played.cluster, text);
      const is6 = from.address.includes(':') || to.address.includes(':');
      const addressIn = ({ pod, address }: TrafficEnd): string =>
        is6 && pod !== null ? address6(pod) : address;
      const id = (sent += 1);
      return {
        text,
        at: placeOf(to),
        by: placeOf(from),
        packet: { ...on, id, from: addressIn(from), to: addressIn(to) },
      };
    });
    for (const by of new Set(attempts.map((one) => one.by)))
      await town.send(
        by,
        attempts.filter((one) => one.by === by).map(({ packet }) => packet),
      );
    const places = new Set(attempts.map(({ at }) => at));
    let arrived = new Map<string, ReadonlySet<number>>();
    for (let i = 0; i < PATIENCE; i++) {
      arrived = new Map([...places].map((at) => [at, town.arrived(at)]));
      if (attempts.slice(0, passes.length).every(({ at, packet }) => arrived.get(at)!.has(packet.id))) break;
    }
    for (const { at, packet } of attempts.slice(0, passes.length))
      expected.set(at, [...(expected.get(at) ?? []), packet.id]);
    return attempts.filter(({ at, packet }) => arrived.get(at)!.has(packet.id)).map(({ text }) => text);
  }

  for (const { says, steps } of TRUTH_TABLE) {
    it(says, async () => {
      const played = new PlayedTruth();
      for (const step of steps) {
        played.step(step);
        enforce(played);
        expect(await through(played, step)).toEqual(step.passes);
      }
    });
  }

  it('let nothing else through later either', () => {
    const got = [NODE, ...PODS.map(nameOf)].map(
      (name) => [name, [...town.arrived(name)].filter((id) => id > FIRST_ID).sort((a, b) => a - b)] as const,
    );
    expect(Object.fromEntries(got)).toEqual(
      Object.fromEntries([NODE, ...PODS.map(nameOf)].map((name) => [name, expected.get(name) ?? []])),
    );
  });
});
