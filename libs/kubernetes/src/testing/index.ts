export { StockApi } from './stock-api.js';
export type { Answer, Fault } from './stock-api.js';
