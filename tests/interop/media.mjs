// [{key, index, area}] → [{id, content} or null], bytes in base64: a media chunk as docs/formats/media-chunk.md says it,
// with Node's own cryptography.
import { createDecipheriv, hkdfSync } from "node:crypto";
import { each, fromBase64, toBase64 } from "./io.mjs";

await each(({ key, index, area }) => {
  const item = fromBase64(key);
  const place = Buffer.alloc(4);
  place.writeUInt32BE(index);
  const derive = (info, length) => Buffer.from(hkdfSync("sha256", item, new Uint8Array(0), info, length));
  const chunkKey = derive(Buffer.from("kapok/2026-11/media/chunk-key"), 32);
  const id = derive(Buffer.concat([Buffer.from("kapok/2026-11/media/object-id"), place]), 16);
  const nonce = Buffer.concat([Buffer.alloc(8), place]);
  const cipher = createDecipheriv("chacha20-poly1305", chunkKey, nonce, { authTagLength: 16 });
  const sealed = Buffer.from(fromBase64(area));
  cipher.setAAD(Buffer.from("kapok media v1"), { plaintextLength: sealed.length - 16 });
  cipher.setAuthTag(sealed.subarray(-16));
  const content = Buffer.concat([cipher.update(sealed.subarray(0, -16)), cipher.final()]);
  return { id: toBase64(id), content: toBase64(content) };
});
