/**
 * V8 lets the young generation grow to many times of what an agent needs, and rarely compacts the old one. Must be
 * imported before anything that allocates: an agent on every node is memory on every node.
 */
import { setFlagsFromString } from 'node:v8';

setFlagsFromString('--semi-space-growth-factor=1');
setFlagsFromString('--optimize-for-size');
// Pages that are nearly empty after a collection are given back.
setFlagsFromString('--compact-on-every-full-gc');
