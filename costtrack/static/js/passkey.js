// Passkeys are the browser's: this asks it for one and posts what it says. Without script the forms stay hidden.
const bytes = (text) =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const readable = ({ id, ...rest }) => ({ ...rest, id: bytes(id) });

function decoded({ publicKey }) {
  const options = { ...publicKey, challenge: bytes(publicKey.challenge) };
  if (options.user) options.user = readable(options.user);
  for (const name of ["excludeCredentials", "allowCredentials"])
    if (options[name]) options[name] = options[name].map(readable);
  return { publicKey: options };
}

function encoded(credential) {
  const response = {};
  for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"])
    if (credential.response[name]) response[name] = text(credential.response[name]);
  return JSON.stringify({
    id: credential.id,
    rawId: text(credential.rawId),
    type: credential.type,
    response,
    clientExtensionResults: credential.getClientExtensionResults(),
    authenticatorAttachment: credential.authenticatorAttachment ?? undefined,
  });
}

async function optionsOf(form) {
  if (form.dataset.options) return JSON.parse(form.dataset.options);
  const answer = await fetch(form.dataset.ask, { headers: { Accept: "application/json" } });
  return (await answer.json()).request_options;
}

for (const form of document.querySelectorAll("form[data-passkey]")) {
  if (!navigator.credentials || !window.PublicKeyCredential) break;
  form.hidden = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const said = form.querySelector("[role=alert]");
    said.hidden = true;
    try {
      const options = decoded(await optionsOf(form));
      if (form.elements.passwordless?.checked)
        options.publicKey.authenticatorSelection = {
          residentKey: "required", requireResidentKey: true, userVerification: "required",
        };
      form.elements.credential.value = encoded(
        await navigator.credentials[form.dataset.passkey](options)
      );
      form.submit();
    } catch (error) {
      said.textContent = "That did not work. Try again, or sign in another way.";
      said.hidden = false;
      console.info(`passkey: ${error.name}`);
    }
  });
}
