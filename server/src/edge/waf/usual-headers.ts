/**
 * Headers whose usual values are of a narrow shape, and are not judged when they keep it. Authorization is here so that a credential is given to no rule.
 * Everything else is judged.
 */
const usual: Readonly<Record<string, RegExp>> = {
  accept: /^[\w*+.\-/;=, ]{0,300}$/,
  'accept-encoding': /^[\w*.;=, -]{0,100}$/,
  'accept-language': /^[\w*.;=, -]{0,300}$/,
  'anthropic-version': /^[\d-]{1,20}$/,
  authorization: /^[A-Za-z]{1,20} [\w.~+/=-]{1,8192}$/,
  'cache-control': /^[\w=, -]{0,100}$/,
  connection: /^[\w, -]{0,60}$/,
  'content-length': /^\d{1,15}$/,
  'content-type': /^[\w.+-]{1,60}\/[\w.+-]{1,80}(?:; ?charset="?utf-8"?)?$/i,
  expect: /^100-continue$/i,
  host: /^[\w.:[\]-]{1,255}$/,
  'idempotency-key': /^[\w-]{1,128}$/,
  origin: /^(?:null|https?:\/\/[\w.:[\]-]{1,255})$/,
  pragma: /^no-cache$/i,
  priority: /^[\w=, ?-]{0,40}$/,
  'proxy-connection': /^keep-alive$/i,
  'sec-fetch-dest': /^\w{0,30}$/,
  'sec-fetch-mode': /^[\w-]{0,30}$/,
  'sec-fetch-site': /^[\w-]{0,30}$/,
  'sec-ch-ua': /^(?:"[^"<>]{0,40}";v="[\d.]{1,20}"(?:, )?){1,6}$/,
  'sec-ch-ua-platform': /^"[\w ]{0,30}"$/,
  te: /^trailers$/i,
  traceparent: /^[0-9a-f-]{50,70}$/,
  'transfer-encoding': /^chunked$/i,
  'x-api-key': /^[\w.~+/=-]{1,1024}$/,
  'x-forwarded-for': /^[\da-f.:, [\]]{1,300}$/i,
  'x-forwarded-proto': /^https?$/i,
};

/** Any other header: a word, a version, a number. */
const plain = /^(?:[A-Za-z0-9][\w-]{0,63}|\d[\d.]{0,20})$/;

export const isUsual = (name: string, value: string): boolean =>
  usual[name]?.test(value) ?? plain.test(value);
