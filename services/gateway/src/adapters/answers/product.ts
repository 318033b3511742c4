/** What is shown of the product: `version` is the release of the API that clients compare with. */
import { API_RELEASE, VERSION } from '@ringfence/contracts';

export const PRODUCT = {
  version: API_RELEASE,
  build: 1,
  long_display: `${API_RELEASE}-1`,
  short_display: API_RELEASE,
  product_name: 'Ringfence',
  ringfence_version: VERSION,
} as const;
