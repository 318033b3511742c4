/** What this release is called, in every process, heartbeat, package and chart: one number, raised here and in package.json. */
export const VERSION = '0.1.0';

/** Whose answers the REST API's clients may expect: they compare `product_version` with releases of the API that they know. */
export const API_RELEASE = '25.2.10';
