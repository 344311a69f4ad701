// The public age test vectors, as [[name, file]] with bytes in base64.
import * as vectors from "cctv-age";
import { toBase64 } from "./io.mjs";

const all = Object.entries(vectors).map(([name, bytes]) => [name, toBase64(bytes)]);
process.stdout.write(JSON.stringify(all));
