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
