// Requests to the service that sent this page, with the key of this tab.

const KEPT = "gatefold-key";

export const key = {
  get: () => sessionStorage.getItem(KEPT),
  set: (text) => sessionStorage.setItem(KEPT, text),
  forget: () => sessionStorage.removeItem(KEPT),
};

/** What the service said no with: `status`, `code` and a sentence. */
export class Refused extends Error {
  constructor(status, code, message) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

const sentence = (body) =>
  body?.message ?? body?.error ?? body?.image ?? "the service gave no reason";

export async function call(method, path, body) {
  const headers = { authorization: `Bearer ${key.get() ?? ""}` };
  if (typeof body === "string") headers["content-type"] = "application/json";
  const answer = await fetch(path, { method, headers, body });
  const json = await answer.json().catch(() => null);
  if (!answer.ok) {
    throw new Refused(answer.status, answer.headers.get("x-gatefold-code"), sentence(json));
  }
  return json;
}

function form(name, file) {
  const body = new FormData();
  body.append(name, file, file.name);
  return body;
}

export const inspect = (file, surface) =>
  call("POST", `library/inspect?surface=${surface}`, form("file", file));

// Whose pictures this key is for; listing tells.
let tenant = "default";

export async function list(surface, skip, count) {
  const only = surface ? `&surface=${surface}` : "";
  const found = await call("GET", `library/assets?skip=${skip}&count=${count}${only}`);
  tenant = found.tenant;
  return found.assets;
}

/** Where this page gets a stored picture at a size: by its link, signed where it must be. */
export async function pictureAt(asset, size) {
  const told = asset.signed_only
    ? new URL((await call("POST", `library/assets/${asset.id}/link`, JSON.stringify({ size }))).link)
    : new URL(`${asset.link}?size=${size}`);
  return told.pathname + told.search;
}

export const near = (id) => call("GET", `library/assets/${id}/near?radius=10`).then((r) => r.assets);

/** Stores a file through this API; the library's id of it. */
export async function store(file, surface) {
  const body = form("image", file);
  switch (surface) {
    case "moov":
      return (await call("POST", `accounts/${tenant}/images`, body)).imageID;
    case "backoffice": {
      // This API takes its key in a header of its own.
      const headers = { "x-api-key": key.get() ?? "" };
      const answer = await fetch("upload/image", { method: "POST", headers, body });
      const json = await answer.json();
      if (!answer.ok) throw new Refused(answer.status, answer.headers.get("x-gatefold-code"), sentence(json));
      return json.data.key.split("/")[1].split(".")[0];
    }
    default:
      throw new Error(`pictures for ${surface} are stored with the line under “curl”`);
  }
}

/** The line that does the same from a shell. */
export function curl(file, surface) {
  const quoted = `'${file.name.replaceAll("'", "'\\''")}'`;
  const at = location.href.replace(/[^/]*$/, "");
  const lines = {
    moov: `curl -u "$GATEFOLD_KEY" -F image=@${quoted} ${at}accounts/${tenant}/images`,
    backoffice: `curl -H "x-api-key: $GATEFOLD_KEY" -F image=@${quoted} ${at}upload/image`,
    audicient: `curl -u "$GATEFOLD_KEY" -F file=@${quoted} '${at}media/image/upload?isTemp=false'`,
    "audicient-release": `curl -u "$GATEFOLD_KEY" -F file=@${quoted} '${at}media/image/upload?isRelease=true'`,
    audiodelivery:
      `# upload_url: from POST ${at}v1/collection/{id}/cover\n` +
      `curl -F file=@${quoted} "$upload_url"`,
  };
  return (
    `curl -H "authorization: Bearer $GATEFOLD_KEY" -F file=@${quoted} '${at}library/inspect?surface=${surface}'\n` +
    lines[surface]
  );
}
