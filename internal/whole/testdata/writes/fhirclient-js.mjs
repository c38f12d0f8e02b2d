// Usage: node fhirclient-js.mjs BASE TOKEN PATIENT OTHER
import { createRequire } from "node:module";
import { smart } from "./libraries.mjs";
import { writes } from "./writes.mjs";

const fhirclient = createRequire(import.meta.url)("fhirclient");
const [serverUrl, access_token, patient, other] = process.argv.slice(2);
const request = { headers: { host: "localhost" }, url: "/", method: "GET" }; // it wants a web request; none is needed here
const client = fhirclient(request, {}).client({ serverUrl, tokenResponse: { access_token, patient, token_type: "Bearer" } });
console.log(JSON.stringify(await writes(smart(client), patient, other)));
