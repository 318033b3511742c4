import './priority.js';
import './small-heap.js';

// Only now: a static import would load everything before the first line of the two above has run.
const { runCven } = await import('./run-cven.js');
runCven();
