/**
 * What a service consumes, emits and serves, as data: consumers and NATS permissions are made from it, and the flow
 * graph is drawn from it.
 */

export interface Consumption {
  readonly stream: string;
  /** One subject filter (a wildcard is fine); one durable consumer per reason. */
  readonly filter: string;
  readonly durable: string;
  /** `latest` reads the current value of each subject first, then every change, without a durable. */
  readonly mode: 'durable' | 'latest';
  readonly server: 'control' | 'cluster';
  /** Many clusters write the stream, and each is read through a durable of its own: `<durable>-<cluster>`. */
  readonly perCluster?: true;
}

export interface ServiceManifest {
  readonly service: string;
  readonly consumes: readonly Consumption[];
  /** Core subjects that no stream keeps: who is not there misses it, and asks for the whole (`calls`) when it is back. */
  readonly listens?: readonly { readonly subject: string; readonly server: 'control' | 'cluster' }[];
  /** Subject patterns that it publishes, with the server. */
  readonly emits: readonly { readonly subject: string; readonly server: 'control' | 'cluster' }[];
  /** Calls that it answers and calls that it makes: `service.method`. */
  readonly serves: readonly string[];
  readonly calls: readonly string[];
}
