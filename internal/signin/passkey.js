// Passkeys need a script: this one. A form with data-passkey asks the server at its
// data-begin, lets the browser ask the person, and sends the answer to data-done.
"use strict";
(() => {
  const toBytes = s => Uint8Array.from(atob(s.replace(/-/g, "+").replace(/_/g, "/")), c => c.charCodeAt(0));
  const toText = b => btoa(String.fromCharCode(...new Uint8Array(b))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const send = async (path, body) => {
    const res = await fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
    const out = await res.json();
    if (!res.ok) throw new Error(out.error);
    return out;
  };
  const create = async o => {
    const k = o.publicKey;
    k.challenge = toBytes(k.challenge);
    k.user.id = toBytes(k.user.id);
    for (const c of k.excludeCredentials || []) c.id = toBytes(c.id);
    const made = await navigator.credentials.create({ publicKey: k });
    const r = made.response;
    return { id: made.id, rawId: toText(made.rawId), type: made.type, clientExtensionResults: {},
      response: { clientDataJSON: toText(r.clientDataJSON), attestationObject: toText(r.attestationObject), transports: r.getTransports ? r.getTransports() : [] } };
  };
  const get = async o => {
    const k = o.publicKey;
    k.challenge = toBytes(k.challenge);
    for (const c of k.allowCredentials || []) c.id = toBytes(c.id);
    const made = await navigator.credentials.get({ publicKey: k });
    const r = made.response;
    return { id: made.id, rawId: toText(made.rawId), type: made.type, clientExtensionResults: {},
      response: { clientDataJSON: toText(r.clientDataJSON), authenticatorData: toText(r.authenticatorData), signature: toText(r.signature), userHandle: r.userHandle ? toText(r.userHandle) : undefined } };
  };
  const words = e => {
    switch (e.name) {
      case "NotAllowedError": return "The passkey was not used: the dialogue was closed, took too long, or could not make sure that it is you.";
      case "InvalidStateError": return "This device has a passkey of yours already.";
      case "SecurityError": return "Passkeys do not work under this address. Come by the address that you were given.";
      default: return e.message || "That did not work. Try again.";
    }
  };
  for (const form of document.querySelectorAll("form[data-passkey]")) {
    const button = form.querySelector("button"), say = form.querySelector("[role=alert]");
    if (!window.PublicKeyCredential) {
      say.textContent = "This browser has no passkeys. Use another way.";
      continue;
    }
    form.hidden = false;
    form.addEventListener("submit", async event => {
      event.preventDefault();
      const fields = Object.fromEntries(new FormData(form));
      for (const f of document.querySelectorAll("[data-with-passkey]")) fields[f.name] = f.value;
      say.textContent = "";
      button.disabled = true;
      try {
        const begun = await send(form.dataset.begin, fields);
        const answer = await (form.dataset.passkey === "create" ? create : get)(begun.options);
        const done = await send(form.dataset.done, { ...fields, ticket: begun.ticket, answer });
        location.assign(done.to);
      } catch (e) {
        say.textContent = words(e);
        button.disabled = false;
      }
    });
  }
  // A link to register: what stands behind the # goes into the field, and out of the address.
  const token = document.querySelector("[data-from-link]");
  if (token && location.hash.length > 1) {
    token.value = location.hash.slice(1);
    history.replaceState(null, "", location.pathname);
  }
  for (const b of document.querySelectorAll("[data-print]")) {
    b.hidden = false;
    b.addEventListener("click", () => print());
  }
})();
