/**
 * Runs first. A start costs one to two seconds of CPU; among two dozen busy processes that was 40 s, during which nobody
 * puts new policy into this node's kernel. The helper inherits it. Where it is not permitted the agent is as slow as its node.
 */
import { setPriority } from 'node:os';

const BEFORE_ORDINARY_WORK = -10;

try {
  setPriority(BEFORE_ORDINARY_WORK);
} catch {
  // Needs CAP_SYS_NICE.
}
