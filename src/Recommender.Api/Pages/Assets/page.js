// What the pages do beyond reading; all of them work for reading without it.
"use strict";

// Search as you type: the list below the field, moved through with the arrow keys.
function find(form) {
  const input = form.querySelector("input");
  const list = form.querySelector(".found");
  let asked = 0;
  let chosen = -1;
  const options = () => [...list.querySelectorAll("[role=option]")];
  const show = (isOpen) => {
    list.hidden = !isOpen;
    input.setAttribute("aria-expanded", String(isOpen));
    if (!isOpen) choose(-1);
  };
  const choose = (at) => {
    chosen = at;
    options().forEach((option, i) => option.setAttribute("aria-selected", String(i === at)));
    if (at >= 0) input.setAttribute("aria-activedescendant", options()[at].id);
    else input.removeAttribute("aria-activedescendant");
  };
  input.addEventListener("input", async () => {
    const mine = ++asked;
    if (input.value.trim().length < 2) return show(false);
    const answer = await fetch("/search/list", { method: "POST", body: new URLSearchParams({ q: input.value }) });
    if (mine !== asked || !answer.ok) return;
    list.innerHTML = await answer.text();
    choose(-1);
    show(true);
  });
  input.addEventListener("keydown", (event) => {
    const all = options();
    if (event.key === "Escape") show(false);
    if (list.hidden || all.length === 0) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      choose((chosen + (event.key === "ArrowDown" ? 1 : all.length - 1) + (chosen < 0 && event.key === "ArrowUp" ? 1 : 0)) % all.length);
    }
    if (event.key === "Enter") {
      event.preventDefault();
      all[Math.max(chosen, 0)].click();
    }
  });
  form.addEventListener("focusout", (event) => {
    if (!form.contains(event.relatedTarget)) show(false);
  });
}

// The packet's bar follows what is typed; Copy takes it as Markdown.
function packet(form) {
  const fields = [...form.querySelectorAll("textarea")].filter((field) => field.name !== "introduction");
  const isFilled = (field) => field.value.trim() !== "" && !/[:,]$/.test(field.value.trim());
  const count = () => {
    const filled = fields.filter(isFilled).length;
    document.getElementById("complete").value = filled;
    document.getElementById("complete-text").textContent = `${filled} of ${fields.length}`;
  };
  form.addEventListener("input", count);
  const copy = form.querySelector("[data-copy]");
  if (!navigator.clipboard) return;
  copy.hidden = false;
  copy.addEventListener("click", async () => {
    const title = (field) => form.querySelector(`label[for=${field.name}]`).firstChild.textContent.trim();
    const text = fields.map((field) => `**${title(field)}:** ${isFilled(field) ? field.value.trim() : "_open_"}`);
    await navigator.clipboard.writeText([...text, form.elements.introduction.value].join("\n\n"));
    copy.textContent = "Copied";
  });
}

function begin() {
  document.querySelectorAll("[data-find]").forEach(find);
  document.querySelectorAll("[data-packet]").forEach(packet);
  document.querySelectorAll("[data-filters]").forEach((form) => form.addEventListener("change", () => form.requestSubmit()));
}

// "/" goes to the search field from anywhere.
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.target.matches("input, textarea, select")) return;
  event.preventDefault();
  document.getElementById("q")?.focus();
});

// A key does what the button or link that names it does, unless somebody types.
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input, textarea, select")) return;
  document.querySelector(`[data-key="${CSS.escape(event.key.toLowerCase())}"]`)?.click();
});

// Enhanced navigation: links and filters fetch the next page and swap it in, so that nothing flickers.
async function go(address, isBack) {
  const answer = await fetch(address, { headers: { Accept: "text/html" } });
  if (!(answer.headers.get("Content-Type") ?? "").startsWith("text/html")) return location.assign(address);
  const next = new DOMParser().parseFromString(await answer.text(), "text/html");
  if (!isBack) history.pushState(null, "", answer.url + new URL(address).hash);
  document.title = next.title;
  document.body.replaceWith(next.body);
  begin();
  const target = new URL(address).hash && document.getElementById(decodeURIComponent(new URL(address).hash.slice(1)));
  if (target) target.scrollIntoView();
  else if (!isBack) scrollTo(0, 0);
  document.getElementById("main").focus({ preventScroll: true });
}

const isOurs = (url) => url.origin === location.origin && !url.pathname.endsWith(".csv");

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[href]");
  if (!link || event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return;
  const url = new URL(link.href);
  if (!isOurs(url) || link.hasAttribute("download") || link.hasAttribute("data-plain")) return;
  if (url.pathname === location.pathname && url.search === location.search && url.hash) return;
  event.preventDefault();
  go(url.href, false).catch(() => location.assign(url.href));
});

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "get" || event.defaultPrevented) return;
  event.preventDefault();
  const url = new URL(form.action);
  url.search = new URLSearchParams([...new FormData(form)].filter(([, value]) => value !== "")).toString();
  go(url.href, false).catch(() => location.assign(url.href));
});

addEventListener("popstate", () => go(location.href, true).catch(() => location.reload()));

begin();
