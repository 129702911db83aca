// The page: a key, pictures to judge, and what is stored.

import { Refused, curl, inspect, key, list, store } from "./api.js";
import { judged, showNear, stored } from "./card.js";

const at = (id) => document.getElementById(id);
const PAGE = 20;

const told = (error) =>
  error instanceof Refused && error.status === 401 ? "This key is not known." : error.message;

// The key of this tab; a key in the fragment of the address is taken over and hidden.
if (location.hash.startsWith("#key=")) {
  key.set(decodeURIComponent(location.hash.slice(5)));
  history.replaceState(null, "", location.pathname);
}

at("key").addEventListener("submit", (event) => {
  event.preventDefault();
  key.set(at("credentials").value.trim());
  at("credentials").value = "";
  refresh();
});

// Judging, one file after the other: the service has other guests.
let waiting = Promise.resolve();

function judgeAll(files) {
  for (const file of files) waiting = waiting.then(() => judge(file));
}

async function judge(file) {
  const surface = at("policy").value;
  at("progress").textContent = `Judging ${file.name} …`;
  try {
    const report = await inspect(file, surface);
    const card = judged(file, report, URL.createObjectURL(file), curl(file, surface));
    if (report.verdict === "accepted") offer(card, file, surface);
    at("judged").prepend(card);
    at("progress").textContent = `${file.name}: ${report.verdict}`;
  } catch (error) {
    at("progress").textContent = `${file.name}: ${told(error)}`;
  }
}

/** A button that stores the file, where the API takes it from a page with a key. */
function offer(card, file, surface) {
  if (surface !== "moov" && surface !== "backoffice") return;
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = `Store through ${surface}`;
  const said = document.createElement("span");
  said.setAttribute("role", "status");
  button.addEventListener("click", async () => {
    button.disabled = true;
    try {
      const id = await store(file, surface);
      await refresh();
      const link = document.createElement("a");
      link.href = `#${id}`;
      link.textContent = "Stored";
      said.replaceChildren(link);
    } catch (error) {
      said.textContent = told(error);
      button.disabled = false;
    }
  });
  card.querySelector(".actions").append(button, said);
}

at("files").addEventListener("change", () => {
  judgeAll([...at("files").files]);
  at("files").value = "";
});

const drop = at("drop");
for (const name of ["dragenter", "dragover"]) {
  drop.addEventListener(name, (event) => {
    event.preventDefault();
    drop.classList.add("over");
  });
}
drop.addEventListener("dragleave", () => drop.classList.remove("over"));
drop.addEventListener("drop", (event) => {
  event.preventDefault();
  drop.classList.remove("over");
  judgeAll([...event.dataTransfer.files]);
});

// What is stored.
let shown = 0;

async function refresh() {
  shown = 0;
  at("list").replaceChildren();
  await more();
}

async function more() {
  at("more").hidden = true;
  if (!key.get()) {
    at("key-state").textContent = "Give the key that the service printed at its start.";
    return;
  }
  try {
    const assets = await list(at("surface").value, shown, PAGE);
    at("key-state").textContent = `Key ${key.get().split(":")[0]}`;
    const cards = await Promise.all(assets.map(stored));
    at("list").append(...cards);
    shown += assets.length;
    at("stored-state").textContent = shown === 0 ? "Nothing is stored yet." : `${shown} shown`;
    at("more").hidden = assets.length < PAGE;
    // Beside what is already there to be looked at.
    for (const card of cards) await showNear(card);
  } catch (error) {
    at("key-state").textContent = told(error);
    if (error instanceof Refused && error.status === 401) key.forget();
  }
}

at("refresh").addEventListener("click", refresh);
at("surface").addEventListener("change", refresh);
at("more").addEventListener("click", more);
refresh();
