/** JSON lines on standard output, by pino. What may stand in a line is listed in the kernel's `LogFields`; nothing else gets in. */
export { createLog } from './log.ts';
