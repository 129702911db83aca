// One picture: judged, or stored.

import { near, pictureAt } from "./api.js";
import { players } from "./player.js";

const NAMES = { jpeg: "JPEG", png: "PNG", webp: "WebP", gif: "GIF" };

function bytes(count) {
  for (const [unit, name] of [[1e9, "GB"], [1e6, "MB"], [1e3, "kB"]]) {
    if (count >= unit) return `${(count / unit).toFixed(count < 100 * unit ? 1 : 0)} ${name}`;
  }
  return `${count} B`;
}

const make = (tag, text = "", classes = "") => {
  const element = document.createElement(tag);
  element.textContent = text;
  element.className = classes;
  return element;
};

function facts(of) {
  const all = [NAMES[of.format] ?? "unknown format"];
  if (of.width) all.push(`${of.width} × ${of.height}`);
  all.push(bytes(of.bytes));
  if (of.frames > 1) all.push(`${of.frames} frames`);
  if (of.has_alpha) all.push("transparent");
  if (of.orientation > 1) all.push(`orientation ${of.orientation}`);
  return all.join(" · ");
}

function finding({ code, severity, message, offset }) {
  const row = make("li", "", severity);
  const at = offset === null ? "" : ` (at byte ${offset.toLocaleString("en")})`;
  row.append(make("code", code), ` ${message}${at}`);
  return row;
}

function palette(card, colors) {
  for (const { hex, area } of colors) {
    const part = make("i");
    part.style.setProperty("--color", hex);
    part.style.setProperty("--share", area);
    card.querySelector(".strip").append(part);
    const row = make("li");
    const dot = make("i");
    dot.style.setProperty("--color", hex);
    row.append(dot, make("code", hex), ` ${(area * 100).toFixed(1)} %`);
    card.querySelector(".swatches").append(row);
  }
}

function blank(of, name, src) {
  const card = document.getElementById("card").content.cloneNode(true).firstElementChild;
  card.querySelector("h3").textContent = name;
  card.querySelector(".shape").textContent = facts(of);
  card.querySelector(".json pre").textContent = JSON.stringify(of, null, 2);
  if (src) {
    const image = make("img");
    image.alt = `The picture ${name}`;
    image.src = src;
    image.addEventListener("error", () => image.remove());
    card.querySelector(".picture").append(image);
  }
  return card;
}

/** A file and what the service thinks of it. */
export function judged(file, report, src, line) {
  const card = blank(report, file.name, src);
  card.classList.add(report.verdict);
  card.querySelector(".verdict").textContent = report.verdict;
  if (report.verdict === "rejected") {
    const reason = card.querySelector(".about > .reason");
    reason.append(make("code", report.code), ` ${report.message}`);
    reason.hidden = false;
  }
  const others = report.findings.filter((found) => found.code !== report.code);
  const list = card.querySelector(".findings");
  list.append(...others.map(finding));
  list.hidden = others.length === 0;
  palette(card, report.image_colors ?? []);
  if (report.player_color) {
    card.querySelector(".players").append(...players(src, file.name, "As a player shows it", report.player_color));
  }
  card.querySelector(".curl pre").textContent = line;
  return card;
}

function renditions(card, asset) {
  const form = card.querySelector(".renditions");
  const [figure, image] = [form.querySelector("figure"), form.querySelector("figure img")];
  const reason = form.querySelector(".reason");
  form.hidden = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const size = `${form.elements.width.valueAsNumber}x${form.elements.height.valueAsNumber}`;
    figure.hidden = reason.hidden = true;
    const refuse = (why) => {
      reason.textContent = why;
      reason.hidden = false;
    };
    let link;
    try {
      link = await pictureAt(asset, size);
    } catch (error) {
      return refuse(error.message);
    }
    const answer = await fetch(link, { headers: { accept: "image/*" } });
    if (!answer.ok) {
      const body = await answer.json().catch(() => ({}));
      return refuse(body.error ?? `status ${answer.status}`);
    }
    const blob = await answer.blob();
    URL.revokeObjectURL(image.src);
    image.src = URL.createObjectURL(blob);
    image.alt = `${card.querySelector("h3").textContent} at ${size}`;
    await image.decode();
    figure.querySelector("figcaption").textContent =
      `${image.naturalWidth} × ${image.naturalHeight} · ${NAMES[blob.type.split("/")[1]]} · ${bytes(blob.size)} · ETag ${answer.headers.get("etag")}`;
    figure.hidden = false;
    card.querySelector(".curl pre").textContent =
      `curl -o rendition '${new URL(link, asset.link)}'`;
  });
}

/** A picture to look at; nothing where the policy does not serve it at this size. */
const shown = (asset, size) => pictureAt(asset, size).catch(() => "");

/** What the service keeps. */
export async function stored(asset) {
  const name = asset.alt_text || asset.file_name || asset.id;
  const [large, small] = await Promise.all(["400x0", "112x112"].map((size) => shown(asset, size)));
  const card = blank(asset, name, large);
  card.id = asset.id;
  card.querySelector(".verdict").textContent = asset.disabled_at ? "disabled" : "";
  card.querySelector(".shape").textContent += ` · ${asset.surface} · ${asset.created_at.slice(0, 16).replace("T", " ")}`;
  palette(card, asset.image_colors);
  if (asset.player_color) {
    const player = {
      hex: asset.player_color, text: asset.player_text,
      light: asset.player_color_light, dark: asset.player_color_dark,
      primary: asset.player_primary, secondary: asset.player_secondary,
    };
    card.querySelector(".players").append(...players(small, name, asset.surface, player));
  }
  card.querySelector(".curl pre").textContent = `curl -o rendition '${new URL(large, asset.link)}'`;
  renditions(card, asset);
  return card;
}

/** Shows beside a stored picture what looks like it. */
export async function showNear(card) {
  const found = await near(card.id);
  const box = card.querySelector(".near");
  const sources = await Promise.all(found.map((other) => shown(other, "0x160")));
  box.querySelector("ul").replaceChildren(
    ...found.map((other, at) => {
      const row = make("li");
      const image = make("img");
      image.src = sources[at];
      image.alt = other.alt_text || other.file_name || other.id;
      const link = make("a", `${other.distance} of 64 bits differ`);
      link.href = `#${other.id}`;
      row.append(image, link);
      return row;
    }),
  );
  box.hidden = found.length === 0;
}
