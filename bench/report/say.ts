/** A line for who watches; results alone go to standard output. */
export const say = (line: string): void => void process.stderr.write(`${line}\n`);
