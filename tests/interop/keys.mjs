// ["pq" or "x25519"] → [{identity, recipient}], freshly made.
import { generateHybridIdentity, generateX25519Identity, identityToRecipient } from "age-encryption";
import { each } from "./io.mjs";

await each(async (kind) => {
  const identity = kind === "pq" ? await generateHybridIdentity() : await generateX25519Identity();
  return { identity, recipient: await identityToRecipient(identity) };
});
