export { decode, loadProto, openStub } from './grpc-stub.js';
export type { CallOptions, GrpcStub, StubOptions } from './grpc-stub.js';
