import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import type { VerifyOptions } from './ledger-verify.ts';
import { UsageError } from './usage-error.ts';
import type { ImportOptions } from './waf-import-crs.ts';

/*
 * Starting costs what is loaded here, so each command loads its own part when it runs.
 * Exit codes: 0 done or proved, 1 not proved, 2 could not be asked that way.
 */

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

const exitCodes = `
Exit codes: 0 verified, 1 not verified, 2 the command is wrong or a file cannot be read.`;

async function main(args: readonly string[]): Promise<number> {
  let exitCode = 0;
  const program = new Command('vallum')
    .description('Vallum: a control plane for AI agents, with proof')
    .version(version, '--version', 'print the version')
    .helpCommand(false)
    .showHelpAfterError('(--help shows how)')
    .exitOverride();

  program
    .command('ledger')
    .description('the tamper-evident ledger')
    .command('verify')
    .description('verify an entry, or a checkpoint, without a server and without the network')
    .requiredOption(
      '--key <key>',
      'the verifier key of the log, or a file with it (one line, or bootstrap.json)',
    )
    .option('--proof <file>', 'the proof (.tlog-proof) that the entry is in the log; - is standard input')
    .option('--opening <file>', 'the entry and its salt (JSON); - is standard input')
    .option('--checkpoint <file>', 'only a signed checkpoint; - is standard input')
    .option('--origin <origin>', 'the log to trust the key for, where it is not the one the key names')
    .option('--json', 'print one line of JSON')
    .addHelpText('after', exitCodes)
    .action(async (options: VerifyOptions) => {
      const { ledgerVerify } = await import('./ledger-verify.ts');
      exitCode = await ledgerVerify(options);
    });

  program
    .command('waf')
    .description('what requests are judged for')
    .command('import-crs <dir>')
    .description('take the rules of an OWASP CRS directory into use, rule by rule, beside the own ones')
    .requiredOption(
      '--key <file>',
      "a file with an administrator's key (one line, or bootstrap.json); - is standard input",
    )
    .option('--url <url>', 'the server', 'http://127.0.0.1:8000')
    .option('--paranoia <level>', 'rules up to this level of CRS, 1 to 4', '1')
    .option('--dry-run', 'only say what would be taken')
    .addHelpText(
      'after',
      '\nExit codes: 0 in use, 1 refused by the server, 2 the command is wrong or a file cannot be read.',
    )
    .action(async (folder: string, options: ImportOptions) => {
      const { wafImportCrs } = await import('./waf-import-crs.ts');
      exitCode = await wafImportCrs(folder, options);
    });

  program
    .command('config')
    .description('print the settings of this installation and where each comes from')
    .action(async () => {
      const { printConfig } = await import('./config.ts');
      exitCode = await printConfig();
    });

  try {
    await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`error: ${error.message}\n`);
    return 2;
  }
}

// Not process.exit(), which may cut off what a pipe has not taken yet.
process.exitCode = await main(process.argv.slice(2));
