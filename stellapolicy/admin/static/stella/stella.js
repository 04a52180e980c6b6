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

document.addEventListener("DOMContentLoaded", () => {
  localiseTimes(document);
  reachByKeyboard(document);
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-copy], button[data-print]");
    if (button === null) return;
    if ("print" in button.dataset) window.print();
    else copy(button);
  });
});
