/**
 * Gives memory back after a flood. V8 collects while somebody allocates: a service that was flooded and has little to do
 * afterwards keeps what it no longer needs for as long as nobody asks for anything. So when there is little to do and far more
 * in use than was left the last time that it was swept up, it is swept up again.
 */
import { performance } from 'node:perf_hooks';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

const LOOK_EVERY_MS = 10_000;
/** A full collection of 100 MB takes about as many milliseconds: nothing that anybody waits for. */
const LITTLE_TO_DO = 0.2;
/** More than the young generation, which is collected by itself. */
const WORTH_BYTES = 64 * 1024 ** 2;
/** For a process that is on every node; its collection takes some 30 ms. */
const WORTH_BYTES_FRUGALLY = 4 * 1024 ** 2;

/** Returns the way to stop it. */
export function sweepWhenIdle({ frugal = false } = {}): () => void {
  const worth = (): number => (frugal ? WORTH_BYTES_FRUGALLY : Math.max(WORTH_BYTES, left / 2));
  const collect = collector();
  let left = inUse();
  let before = performance.eventLoopUtilization();
  const timer = setInterval(() => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, before);
    before = now;
    // Who needs more and more is swept up less and less often.
    if (utilization > LITTLE_TO_DO || inUse() - left < worth()) return;
    collect();
    left = inUse();
  }, LOOK_EVERY_MS);
  timer.unref();
  return () => clearInterval(timer);
}

function inUse(): number {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** V8 gives it only to contexts that are made after the flag is set. */
function collector(): () => void {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
}
