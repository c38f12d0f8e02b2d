// Usage: node fhir-kit-client.mjs BASE TOKEN PATIENT OTHER
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { fhirKit } from "./libraries.mjs";
import { writes } from "./writes.mjs";

const [base, token, patient, other] = process.argv.slice(2);
const { Client } = await import(pathToFileURL(join(process.env.NODE_PATH, "fhir-kit-client", "dist", "index.js")));
console.log(JSON.stringify(await writes(fhirKit(Client, base, token), patient, other)));
