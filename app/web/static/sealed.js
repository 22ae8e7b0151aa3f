/* Of a sealed file: opens it under a passphrase, on this device, with no network. */
(() => {
  "use strict";
  const at = (id) => document.getElementById(id);
  const sealed = JSON.parse(at("sealed").textContent);
  const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));

  const opened = async (passphrase) => {
    const { subtle } = crypto;
    const encoder = new TextEncoder();
    const typed = await subtle.importKey("raw", encoder.encode(passphrase), "PBKDF2", false, ["deriveKey"]);
    const slow = { name: "PBKDF2", hash: "SHA-256", salt: bytes(sealed.salt), iterations: sealed.rounds };
    const key = await subtle.deriveKey(slow, typed, { name: "AES-GCM", length: 256 }, false, ["decrypt"]);
    const how = { name: "AES-GCM", iv: bytes(sealed.nonce), additionalData: encoder.encode(sealed.about) };
    return JSON.parse(new TextDecoder().decode(await subtle.decrypt(how, key, bytes(sealed.ciphertext))));
  };

  const show = (rows) => {
    for (const [term, said] of rows) {
      const row = document.createElement("div");
      row.append(
        Object.assign(document.createElement("dt"), { textContent: term }),
        Object.assign(document.createElement("dd"), { textContent: said }),
      );
      at("rows").append(row);
    }
    at("closed").hidden = true;
    at("opened").hidden = false;
    at("opened-title").focus();
  };

  if (!globalThis.crypto || !crypto.subtle) {
    at("no-crypto").hidden = false;
    return;
  }
  at("opener").hidden = false;
  at("opener").addEventListener("submit", async (event) => {
    event.preventDefault();
    const field = at("passphrase");
    at("passphrase-error").hidden = true;
    try {
      show((await opened(field.value.normalize("NFKC").toLowerCase().replace(/[^a-z0-9]/g, ""))).rows);
    } catch {
      at("passphrase-error").hidden = false;
      field.focus();
    }
  });
})();
