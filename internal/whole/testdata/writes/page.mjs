// What a page runs, with one of the two libraries as its maker ships it.
import { fhirKit, smart } from "./libraries.mjs";
import { writes } from "./writes.mjs";

export async function run(name, base, token, patient, other) {
  const lib = name === "page-fhir-kit-client"
    ? fhirKit((await import("fhir-kit-client")).Client, base, token)
    : smart(window.FHIR.client({ serverUrl: base, tokenResponse: { access_token: token, patient, token_type: "Bearer" } }));
  return JSON.stringify(await writes(lib, patient, other));
}
