/* The keyboard of the console: everything works without it. */
(() => {
  "use strict";
  const typing = (e) => e.target instanceof Element && e.target.closest("input:not([type=radio]):not([type=checkbox]), textarea, select, [contenteditable]");

  // A queue is there to be worked through: its keys count from the first moment.
  document.addEventListener("DOMContentLoaded", () => {
    const open = document.querySelector("[data-queue]:not([data-keys=off]) [aria-current=true]");
    if (open && !document.querySelector("[autofocus]")) open.focus();
  });

  // "/" goes to the search; it is off while somebody types, and with every modifier.
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || typing(event)) return;
    const find = document.getElementById("find");
    if (find) {
      event.preventDefault();
      find.focus();
    }
  });

  // Keys of a queue: only while the focus is in it, and only where they are on (WCAG 2.1.4).
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event)) return;
    const queue = event.target instanceof Element && event.target.closest("[data-queue]");
    if (!queue || queue.dataset.keys === "off") return;
    const items = [...queue.querySelectorAll("[data-item]")];
    const at = items.findIndex((item) => item.contains(document.activeElement));
    if (event.key === "j" || event.key === "k") {
      const next = items[Math.max(0, Math.min(items.length - 1, at + (event.key === "j" ? 1 : -1)))];
      const link = next && (next.querySelector("a") || next);
      if (link) {
        event.preventDefault();
        link.focus();
      }
      return;
    }
    if (event.key === "o" && at >= 0) {
      event.preventDefault();
      items[at].querySelector("a").click();
      return;
    }
    const key = queue.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
    if (!key) return;
    event.preventDefault();
    if (key.matches("input[type=radio]")) {
      key.checked = true;
      key.focus();
    } else {
      key.click();
      if (key.matches("details > summary, a")) key.focus();
    }
  });
})();
