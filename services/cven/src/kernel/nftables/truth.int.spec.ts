/** What nftables lets pass is what the policy engine says. */
import { compiledHelper } from '../../testing/testbed.js';
import { truthSuite } from '../../testing/truth.suite.js';
import { HelperKernel } from './helper-kernel.js';

truthSuite('nftables', () => new HelperKernel({ entry: compiledHelper() }));
