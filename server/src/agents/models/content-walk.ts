import { type Channel, Fault, type FaultCode } from '../../kernel/index.ts';
import { nameMark, step } from './json-pointer.ts';

/**
 * A place in a body and what may stand there. Whatever the list of places does not know is text, names included: a field that a provider
 * adds tomorrow goes to the guards today.
 */
export interface Place {
  /** A string here is an identifier, and no text while it looks like one. */
  readonly plain?: true;
  /** A string here may be encoded media: its payload is no text. */
  readonly media?: true;
  /** A list here holds tokens with their probabilities, which are one text when joined. */
  readonly tokens?: true;
  /** Whose text it is from here on. */
  readonly channel?: Channel | ((value: object) => Channel);
  readonly members?: ReadonlyMap<string, Place>;
  /** What the other members are, where they are known too: their names are identifiers. */
  readonly others?: Place;
  /** What the elements of a list are. */
  readonly each?: Place;
}

/** An object with these members. */
export const members = (
  known: Readonly<Record<string, Place>>,
  more: Omit<Place, 'members'> = {},
): Place => ({
  ...more,
  members: new Map(Object.entries(known)),
});
export const each = (place: Place): Place => ({ each: place });

/** Told the text, where it is and whose, and whether an identifier was expected there. Of media that has no text it is told the empty one. */
export type Found = (text: string, pointer: string, channel: Channel, plain: boolean) => void;

/** Unknown content: what a list of places does not know, schemas, metadata. */
export const anything: Place = {};

/** Deeper than any body that means something; JSON Schemas of tools come to 30. */
const deepest = 64;
/** More texts, lists and objects than a long conversation with all its tool calls has; small bodies could cost much otherwise. */
const mostParts = 50_000;
const longestPointer = 4096;
/** No tokenizer has longer tokens. */
const longestToken = 64;

const identifier = /^[\w.:/+-]{1,64}$/;
/** A shorter string in base64 letters may be a word, and costs nothing to judge. */
const shortestPayload = 256;
const longestHead = 256;
const notBase64 = /[^\w+/=\r\n-]/;
const mediaType =
  /^data:(?:(?:image|audio|video)\/[\w.+-]{1,64}|application\/pdf)(?:;[\w.=-]{1,64})*;base64,$/i;

/** Words of JSON Schema (draft 2020-12) that say nothing of their own, as names and as strings. */
const schemaWords = new Set(
  (
    '$defs $ref additionalProperties allOf anyOf array boolean const default definitions description enum examples exclusiveMaximum ' +
    'exclusiveMinimum format integer items maxItems maxLength maximum minItems minLength minimum multipleOf not null nullable number object ' +
    'oneOf pattern prefixItems properties required strict string title type uniqueItems'
  ).split(' '),
);

/** Whether a value has no text in it where an identifier is expected. */
const isPlain = (value: unknown): boolean =>
  typeof value === 'string' ? identifier.test(value) : typeof value !== 'object' || value === null;

/** Walks a JSON value and tells each text in it, in its order. Linear in its size, and bounded. */
export class ContentWalk {
  readonly #found: Found;
  readonly #code: FaultCode;
  #parts = 0;

  /** @param code of the Fault thrown for a value that is too deep or has too many texts. */
  constructor(code: FaultCode, found: Found) {
    this.#code = code;
    this.#found = found;
  }

  /** Begins to count anew, for the next body or event. */
  begin(): void {
    this.#parts = 0;
  }

  /** @param pointer to the value; every text's pointer begins with it. */
  value(value: unknown, place: Place, channel: Channel, pointer: string, depth = 0): void {
    if (typeof value === 'string') this.#string(value, place, channel, pointer);
    else if (typeof value === 'object' && value !== null) {
      this.#count();
      if (depth === deepest) throw this.#fault(`the body is nested deeper than ${deepest} levels`);
      if (pointer.length > longestPointer) throw this.#fault('the body has member names that are too long');
      const whose = place.channel ?? channel;
      const inner = typeof whose === 'function' ? whose(value) : whose;
      if (Array.isArray(value)) this.#list(value, place, inner, pointer, depth + 1);
      else for (const name in value) this.member(value, name, place, inner, pointer, depth + 1);
    }
  }

  /** One member of an object. @param pointer to the object. */
  member(object: object, name: string, place: Place, channel: Channel, pointer: string, depth = 0): void {
    const value: unknown = (object as Readonly<Record<string, unknown>>)[name];
    const known = place.members?.get(name);
    // Most members are identifiers and numbers at known places: they cost no pointer.
    if (known && (known.plain || typeof value !== 'string') && isPlain(value)) return;
    const at = `${pointer}/${step(name)}`;
    if (!known && !(place.others ? identifier.test(name) : schemaWords.has(name)))
      this.#tell(name, at + nameMark, channel);
    this.value(value, known ?? place.others ?? anything, channel, at, depth);
  }

  #list(list: readonly unknown[], place: Place, channel: Channel, pointer: string, depth: number): void {
    if (place.tokens) {
      this.#tell(this.#joined(list, depth), pointer, channel);
      return;
    }
    const element = place.each ?? place.others ?? anything;
    for (let index = 0; index < list.length; index += 1) {
      const value: unknown = list[index];
      if (typeof value === 'string' || typeof value === 'object')
        this.value(value, element, channel, `${pointer}/${index}`, depth);
    }
  }

  #string(value: string, place: Place, channel: Channel, pointer: string): void {
    if (place.plain && isPlain(value)) return;
    if (place === anything && schemaWords.has(value)) return;
    this.#tell(place.media ? withoutPayload(value) : value, pointer, channel, place);
  }

  /**
   * The tokens of a list of log probabilities as the text that they make. Alternatives that the model did not choose make no text
   * together; they count, as all else, where they are longer than tokens are.
   */
  #joined(list: readonly unknown[], depth: number): string {
    let text = '';
    const collect = (value: unknown, level: number): void => {
      if (typeof value === 'string') text += value.length > longestToken ? value : '';
      else if (typeof value === 'object' && value !== null) {
        if (level === deepest) throw this.#fault(`the body is nested deeper than ${deepest} levels`);
        if (Array.isArray(value)) for (const element of value) collect(element, level + 1);
        else
          for (const name in value) {
            collect(name, level + 1);
            collect(Reflect.get(value, name), level + 1);
          }
      }
    };
    for (const entry of list) {
      const token: unknown =
        typeof entry === 'object' && entry !== null ? Reflect.get(entry, 'token') : entry;
      if (typeof token === 'string' && token.length <= longestToken) text += token;
      collect(entry, depth + 1);
    }
    return text;
  }

  #tell(text: string, pointer: string, channel: Channel, { media, plain }: Place = anything): void {
    if (text === '' && !media) return;
    this.#count();
    this.#found(text, pointer, channel, plain ?? false);
  }

  #count(): void {
    this.#parts += 1;
    if (this.#parts > mostParts)
      throw this.#fault(`the body has more than ${mostParts} texts, lists and objects`);
  }

  #fault(what: string): Fault {
    return new Fault(this.#code, this.#code === 'input-invalid' ? { detail: what } : { because: what });
  }
}

/** What is text in a `data:` URL or a base64 string: the head of the one, nothing of the other; all of it when it is neither. */
function withoutPayload(value: string): string {
  if (!value.startsWith('data:')) return value.length < shortestPayload || notBase64.test(value) ? value : '';
  const head = value.slice(0, value.indexOf(',') + 1);
  return head.length <= longestHead && mediaType.test(head) && !notBase64.test(value.slice(head.length))
    ? head
    : value;
}
