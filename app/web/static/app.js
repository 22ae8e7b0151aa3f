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
      // What answers with a file leaves this page where it is.
      if ("file" in event.target.dataset) setTimeout(rested, 5000, event.target);
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

  // A number is shown again in groups, on this device only; it never leaves the page but by its form.
  const grouped = (typed) => {
    const plain = typed.normalize("NFKC").replace(/[\s-]/g, "").toUpperCase();
    const parts = plain.length > 14 ? plain.match(/^(.{1,6})(.{0,8})(.*)$/).slice(1) : plain.match(/.{1,4}/g) || [];
    return parts.filter(Boolean).join(" ");
  };
  const echo = (field) => {
    const line = document.getElementById(field.dataset.echo);
    if (!line) return;
    const said = grouped(field.value);
    line.hidden = said.length < 5;
    line.replaceChildren(said, Object.assign(document.createElement("span"), { textContent: line.dataset.note }));
  };
  document.addEventListener("input", (event) => {
    if (event.target instanceof HTMLInputElement && event.target.dataset.echo) echo(event.target);
  });

  // Digits are typed on a keypad of digits, and a key beside the box adds the X that some numbers end with.
  const addKey = (field) => {
    if (field.nextElementSibling && field.nextElementSibling.classList.contains("key")) return;
    const key = Object.assign(document.createElement("button"), { type: "button", className: "button secondary key", textContent: "X" });
    key.addEventListener("click", () => {
      field.value += "X";
      field.dispatchEvent(new Event("input", { bubbles: true }));
      field.focus();
    });
    field.inputMode = "numeric";
    field.classList.add("keyed");
    field.after(key);
  };
  // A box that keeps what was typed while its page is swapped keeps its element too: the mark of an error is set here.
  const mark = (field) => {
    const lines = ["hint", "error"].map((what) => document.getElementById(`${field.id}-${what}`)).filter(Boolean);
    if (lines.length) field.setAttribute("aria-describedby", lines.map((line) => line.id).join(" "));
    field.removeAttribute("aria-invalid");
    if (lines.some((line) => line.className === "error")) field.setAttribute("aria-invalid", "true");
  };

  const enhance = () => {
    document.querySelectorAll("[hx-preserve]").forEach(mark);
    document.querySelectorAll("input[data-digits]").forEach(addKey);
    document.querySelectorAll("input[data-echo]").forEach(echo);
  };
  document.addEventListener("DOMContentLoaded", enhance);
  document.addEventListener("htmx:after:settle", enhance);

  // Buttons that a page has only with a script: they copy a text of the page, or print it.
  document.addEventListener("DOMContentLoaded", () => {
    document.querySelectorAll("[data-enhanced]").forEach((group) => { group.hidden = false; });
  });
  document.addEventListener("click", async (event) => {
    const button = event.target instanceof Element && event.target.closest("[data-copy], [data-print]");
    if (!button) return;
    if ("print" in button.dataset) {
      window.print();
      return;
    }
    const text = document.getElementById(button.dataset.copy);
    try {
      await navigator.clipboard.writeText(text.textContent);
      button.textContent = button.dataset.done;
      document.getElementById("copied").textContent = button.dataset.done;
    } catch {
      getSelection().selectAllChildren(text);
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
