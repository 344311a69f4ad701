// [{recipients, plaintext}] → [file or null], bytes in base64.
import { Encrypter } from "age-encryption";
import { each, fromBase64, toBase64 } from "./io.mjs";

await each(async ({ recipients, plaintext }) => {
  const encrypter = new Encrypter();
  for (const recipient of recipients) encrypter.addRecipient(recipient);
  return toBase64(await encrypter.encrypt(fromBase64(plaintext)));
});
