"use strict";

// Instants: the page says UTC; a reader sees their own zone, and UTC on hover.
const inReadersZone = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

function localiseTimes(root) {
  for (const time of root.querySelectorAll("time.st-time[datetime]")) {
    const instant = new Date(time.dateTime);
    if (!Number.isNaN(instant.valueOf())) {
      time.textContent = inReadersZone.format(instant);
    }
  }
}

// Copying: the button says what it did, also to a screen reader.
async function copy(button) {
  const wanted = button.dataset.copy;
  try {
    await navigator.clipboard.writeText(wanted);
  } catch {
    const area = document.createElement("textarea");
    area.value = wanted;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  const before = button.textContent;
  button.textContent = button.dataset.copied;
  setTimeout(() => { button.textContent = before; }, 1500);
}

// The theme puts clicks on elements a keyboard cannot reach; give them a place in the order of the page.
function reachByKeyboard(root) {
  const clickable = "[x-on\\:click]:is(a:not([href]), span, div)";
  for (const element of root.querySelectorAll(clickable)) {
    if (element.id === "changelist-filter-close" || element.querySelector("a[href], button, input")) continue;
    element.tabIndex = 0;
    element.setAttribute("role", "button");
    if (!element.getAttribute("aria-label") && element.classList.contains("material-symbols-outlined")) {
      element.setAttribute("aria-label", element.textContent.trim().replaceAll("_", " "));
    }
    element.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") {
        event.preventDefault();
        element.click();
      }
    });
  }
}

// Whatever is fetched is a page of ours.
function ours(address) {
  const wanted = new URL(address, window.location.href);
  if (wanted.origin !== window.location.origin) throw new Error(wanted.origin);
  return wanted;
}

// Parts that take a while come after the page, one after the other, those on demand when they are asked for.
async function loadFragment(place) {
  const wanted = place.dataset.fragment;
  if (!wanted) return;
  delete place.dataset.fragment;
  place.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(ours(wanted), { credentials: "same-origin" });
    if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
    place.innerHTML = await answer.text();
    localiseTimes(place);
  } catch {
    const said = document.createElement("span");
    said.className = "st-fragment__failed";
    said.textContent = place.dataset.failed;
    place.replaceChildren(said);
  }
  place.removeAttribute("aria-busy");
}

async function loadFragments(root) {
  for (const place of root.querySelectorAll("[data-fragment]:not([data-on-demand])")) await loadFragment(place);
}

// A text that has to be long enough says how long it is.
function countCharacters(root) {
  for (const area of root.querySelectorAll("textarea[data-count]")) {
    const said = document.createElement("small");
    const count = () => {
      const length = [...area.value.trim()].length;
      said.textContent = `${length} / ${area.dataset.least}`;
      said.className = length < Number(area.dataset.least) ? "st-count st-count--short" : "st-count";
    };
    area.after(said);
    area.addEventListener("input", count);
    count();
  }
}

document.addEventListener("DOMContentLoaded", () => {
  localiseTimes(document);
  reachByKeyboard(document);
  countCharacters(document);
  loadFragments(document);
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-copy], button[data-print], button[data-load]");
    if (button === null) return;
    if ("print" in button.dataset) window.print();
    else if ("load" in button.dataset) loadFragment(button.closest("[data-fragment]"));
    else copy(button);
  });
});
