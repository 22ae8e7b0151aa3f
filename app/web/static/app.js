/* Only what pages are better for: everything works without it. */
(() => {
  "use strict";

  const busy = (form, submitter) => {
    form.setAttribute("aria-busy", "true");
    const button = submitter || form.querySelector("button[type=submit]");
    if (button && button.dataset.busy) {
      button.dataset.said = button.textContent;
      button.textContent = button.dataset.busy;
    }
  };

  const rested = (form) => {
    form.removeAttribute("aria-busy");
    for (const button of form.querySelectorAll("button[data-said]")) {
      button.textContent = button.dataset.said;
      delete button.dataset.said;
    }
  };

  // One press is one request: a second one while the first is on its way goes nowhere.
  document.addEventListener("submit", (event) => {
    if (event.target.getAttribute("aria-busy") === "true") {
      event.preventDefault();
      event.stopImmediatePropagation();
    } else if (!event.defaultPrevented) {
      busy(event.target, event.submitter);
    }
  }, true);

  // Back to a page that the browser kept: its buttons are as they were.
  window.addEventListener("pageshow", () => document.querySelectorAll("form[aria-busy]").forEach(rested));
  document.addEventListener("htmx:finally:request", () => document.querySelectorAll("form[aria-busy]").forEach(rested));

  // A new step that was swapped in is read from its heading, or from the field or summary that asks for focus.
  document.addEventListener("htmx:after:swap", (event) => {
    const into = event.target instanceof Element ? event.target : document;
    if (into.querySelector("[autofocus]")) return;
    const heading = into.querySelector("h1");
    if (heading) {
      heading.tabIndex = -1;
      heading.focus();
    }
  });

  // A box whose content is never repeated by the server keeps its element: its mark of an error is set here.
  document.addEventListener("htmx:after:swap", () => {
    for (const box of document.querySelectorAll("[hx-preserve]")) {
      const error = document.getElementById(`${box.id}-error`);
      const hint = document.getElementById(`${box.id}-hint`);
      const described = [hint, error].filter(Boolean).map((line) => line.id).join(" ");
      if (error) box.setAttribute("aria-invalid", "true");
      else box.removeAttribute("aria-invalid");
      if (described) box.setAttribute("aria-describedby", described);
      echo(box);
    }
  });

  // A long number is read back in groups, on this device only.
  const echo = (box) => {
    const line = box.dataset.echo && document.getElementById(box.dataset.echo);
    if (!line) return;
    const plain = box.value.normalize("NFKC").replace(/[\s-]/g, "").toUpperCase();
    const groups = plain.length === 18 ? [plain.slice(0, 6), plain.slice(6, 14), plain.slice(14)] : plain.match(/.{1,4}/g) || [];
    line.textContent = plain ? `${groups.join(" ")}  ${line.dataset.note}` : "";
    line.hidden = !plain;
  };
  document.addEventListener("input", (event) => echo(event.target));

  // A link of the summary puts the cursor into the field, not only into view.
  document.addEventListener("click", (event) => {
    const link = event.target instanceof Element && event.target.closest(".summary a[href^='#']");
    const field = link && document.getElementById(link.getAttribute("href").slice(1));
    if (field) {
      event.preventDefault();
      field.focus();
      field.scrollIntoView({ block: "center" });
    }
  });
})();
