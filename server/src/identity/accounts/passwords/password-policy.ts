import { Fault } from '../../../kernel/index.ts';
import { isWeak, ownWords } from './weak-password.ts';

/** Passwords that are known to have been stolen somewhere. */
export interface BreachedPasswords {
  /** @throws Fault `unavailable` where the list cannot be read: nothing is believed to be good then */
  has(password: string): Promise<boolean>;
}

/** Whose password it is to be; it must not be made of this. */
export interface Whose {
  readonly email: string;
  readonly name: string;
  readonly organization: string;
}

const shortest = 12;
const longest = 128;

/**
 * NIST SP 800-63B, 5.1.1.2, and stricter where that is silent: 12 to 128 characters of any kind, not easily guessed, not known to have been stolen. No rule about kinds of characters, and no end by age.
 * @param param the field that holds it, for the error.
 * @throws Fault `input-invalid` that says what is wrong; `unavailable`
 */
export async function acceptPassword(
  password: string,
  whose: Whose,
  breached: BreachedPasswords | undefined,
  param: string,
): Promise<void> {
  const refuse = (detail: string) =>
    new Fault('input-invalid', { detail: `body.${param}: ${detail}`, param });
  // By character, as people count, in the form in which it will be compared.
  const characters = [...password.normalize('NFKC')].length;
  if (characters < shortest || characters > longest)
    throw refuse(`must have ${shortest} to ${longest} characters.`);
  if (isWeak(password.normalize('NFKC'), ownWords(whose.email, whose.name, whose.organization)))
    throw refuse(
      'is easily guessed: it is made of common words, names, years or runs of the keyboard. Use more words that do not belong together, or what a password manager makes.',
    );
  if (await breached?.has(password))
    throw refuse('is in a list of passwords that were stolen elsewhere. Use another one.');
}
