/**
 * Watchdog: ends a process whose event loop does nothing any more. Synchronous work cannot be interrupted, and a load balancer that waits for an answer
 * needs longer to notice. It does nothing while a debugger is attached.
 */
export { createWatchdog } from './watchdog.ts';
