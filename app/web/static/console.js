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

  // Of a form that is decided: reasons go with an outcome, and the digits choose among those that do.
  const fit = (form) => {
    const outcome = form.querySelector("[data-outcome]:checked");
    let number = 0;
    for (const label of form.querySelectorAll("[data-fits]")) {
      const input = label.querySelector("input"), kbd = label.querySelector("kbd");
      const fits = Boolean(outcome) && label.dataset.fits.split(" ").includes(outcome.value);
      label.hidden = !fits;
      input.checked = input.checked && !label.hidden;
      number += fits ? 1 : 0;
      kbd.hidden = !fits || number > 9;
      kbd.textContent = kbd.hidden ? "" : number;
      if (kbd.hidden) delete input.dataset.key;
      else input.dataset.key = number;
    }
  };
  document.addEventListener("DOMContentLoaded", () => document.querySelectorAll("[data-fitting]").forEach(fit));
  document.addEventListener("change", (event) => {
    if (event.target instanceof Element && event.target.matches("[data-outcome]")) fit(event.target.form);
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
    if (key.dataset.focus) {
      document.getElementById(key.dataset.focus).focus();
    } else if (key.matches("input[type=radio]")) {
      key.checked = true;
      key.focus();
    } else {
      key.click();
      if (!key.matches("details > summary, a")) return;
      const box = key.parentElement.open && key.parentElement.querySelector("textarea, select");
      (box || key).focus();
    }
  });
})();
