// [{identity, file}] → [plaintext or null], bytes in base64.
import { Decrypter } from "age-encryption";
import { each, fromBase64, toBase64 } from "./io.mjs";

await each(async ({ identity, file }) => {
  const decrypter = new Decrypter();
  decrypter.addIdentity(identity);
  return toBase64(await decrypter.decrypt(fromBase64(file)));
});
