/** bench: what clas-cache computes for its nodes when one Pod moves, with 40,000 Pods on 50 nodes; and the whole view of a node */
import { Spans } from '@ringfence/clas-cache/spans';
import { joinView, packView, viewMessage } from '@ringfence/edge';
import { distribution, liveHeapMb, milliseconds, ms, print } from './measure.js';
import type { Figure } from './measure.js';
import { AT, changesOf, endpoint, everything, homeOf, NODES, WORKLOADS } from './span-world.js';

const MOVES = 1_000;

/** A Pod ends on one node, and its workload has another on one that had none. */
function move(spans: Spans, i: number): void {
  const workload = (i * 37) % WORKLOADS;
  const endpoints = { upsert: [endpoint(workload, 5, homeOf(workload, 20))], remove: [`pod-${workload}-0`] };
  spans.apply(changesOf({ endpoints }), AT);
}

/** Of this process alone: on a shared machine the clock counts what others do. */
function processorTime(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}

/** As clas-cache packs one node's view, and its agent unpacks it. */
async function travelling(spans: Spans, node: string): Promise<Figure[]> {
  const view = spans.snapshot(node, AT);
  await joinView(await packView(view));
  const begun = performance.now();
  const parts = await packView(view);
  const packed = performance.now();
  await joinView(parts);
  const joined = performance.now();
  const sizes = parts.map((part) => JSON.stringify(part).length / 1024);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  return [
    { what: 'on the wire', value: `${total.toFixed(0)} KiB in ${parts.length} parts` },
    {
      what: 'its largest message',
      value: `${Math.max(...sizes).toFixed(0)} KiB of 1,024 that a node may say`,
    },
    { what: 'packed / joined and read', value: `${ms(packed - begun)} / ${ms(joined - packed)}` },
  ];
}

async function main(): Promise<void> {
  const before = liveHeapMb();
  const spans = new Spans(0);
  spans.apply(everything(), AT);
  const fromZero = milliseconds(() => NODES.forEach((node) => spans.snapshot(node, AT)));
  const heap = liveHeapMb() - before;
  let moved = { median: 0, p99: 0 };
  const busy = processorTime(() => (moved = distribution(MOVES, (i) => move(spans, i)))) / MOVES;
  const snapshot = distribution(NODES.length, (i) => void spans.snapshot(NODES[i]!, AT));
  const bytes = NODES.map((node) => JSON.stringify(viewMessage(spans.snapshot(node, AT))).length);
  const largest = NODES[bytes.indexOf(Math.max(...bytes))]!;
  print(`${WORKLOADS} workloads and label sets, ${WORKLOADS * 5} Pods, ${NODES.length} nodes`, [
    { what: 'the spans of all nodes from zero', value: `${ms(fromZero)}; ${heap.toFixed(0)} MB kept` },
    { what: 'one Pod moved', value: `${ms(moved.median)} (p99 ${ms(moved.p99)}); target 0.3 ms` },
    { what: 'of that, processor time on average', value: ms(busy) },
    { what: "one node's whole view", value: `${ms(snapshot.median)} (p99 ${ms(snapshot.p99)})` },
    { what: 'its size', value: `${(Math.max(...bytes) / 1e6).toFixed(1)} MB of JSON at most` },
    ...(await travelling(spans, largest)),
  ]);
}

await main();
