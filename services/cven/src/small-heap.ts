/**
 * V8 lets the young generation grow to many times of what an agent needs. Must be imported before anything that
 * allocates: an agent on every node is memory on every node.
 */
import { setFlagsFromString } from 'node:v8';

setFlagsFromString('--semi-space-growth-factor=1');
