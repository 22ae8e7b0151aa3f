// What a page must show at every width, checked in the page itself: returns one line for each fault.
({ language, names, first }) => {
  const faults = [];
  const shown = (e) => e.checkVisibility({ visibilityProperty: true }) && e.getClientRects().length > 0;
  const all = (selector) => [...document.querySelectorAll(selector)].filter(shown);
  const named = (e) => `${e.tagName.toLowerCase()} "${(e.innerText || e.name || e.id || "").trim().slice(0, 30)}"`;
  const root = document.documentElement;

  if (root.scrollWidth > root.clientWidth) {
    const over = all("body *").filter((e) => e.getBoundingClientRect().right > root.clientWidth + 1);
    faults.push(`sideways by ${root.scrollWidth - root.clientWidth} px: ${over.slice(-1).map(named)}`);
  }
  const least = root.classList.contains("console") ? 31.5 : 43.5; // a desk has a mouse
  for (const e of all("button, a.button, input:not([type=hidden]), select, textarea, summary")) {
    const target = ["radio", "checkbox"].includes(e.type) && e.labels[0] ? e.labels[0] : e;
    const { width, height } = target.getBoundingClientRect();
    if (height < least || width < least) faults.push(`small target, ${Math.round(width)}x${Math.round(height)}: ${named(e)}`);
  }
  const edges = new Set(all(".inner").map((e) => Math.round(e.getBoundingClientRect().left)));
  if (edges.size > 1) faults.push(`blocks begin at ${[...edges]}`);

  if (!first) return faults; // the rest is the same at every width

  const headings = all("h1");
  if (headings.length !== 1 || !headings[0].innerText.trim()) faults.push(`${headings.length} h1`);
  if (root.lang !== { zh: "zh-CN", en: "en" }[language]) faults.push(`lang is ${root.lang}`);

  const probe = document.body.appendChild(document.createElement("i"));
  const colour = (token) => ((probe.style.background = `var(${token})`), getComputedStyle(probe).backgroundColor);
  const filled = [colour("--accent"), colour("--bad")];
  probe.remove();
  const primary = all("button, .button, input[type=submit]").filter((e) => filled.includes(getComputedStyle(e).backgroundColor));
  if (primary.length > 1) faults.push(`${primary.length} primary buttons: ${primary.map(named)}`);

  const summaries = all(".summary[role=alert]");
  const marked = /^(错误：|Error: )/.test(document.title);
  if (marked !== summaries.length > 0) faults.push(`title "${document.title}" with ${summaries.length} error summaries`);

  const said = [document.title];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const parent = walker.currentNode.parentElement;
    if (!parent.closest("code, pre, script, style") && shown(parent)) said.push(walker.currentNode.data);
  }
  for (const e of all("[placeholder], [aria-label], [alt], [title]")) {
    for (const name of ["placeholder", "aria-label", "alt", "title"]) said.push(e.getAttribute(name) ?? "");
  }
  const without = (words) => names.reduce((left, name) => left.replaceAll(name, ""), words);
  const text = without(said.join("\n"));
  for (const found of text.match(/\{[a-z_ ]*\}|\b[a-z_]+\.[a-z_]+\.[a-z_.]+\b|\bNone\b(?! \w)|\bundefined\b/g) ?? []) {
    faults.push(`raw: ${found}`);
  }
  if (language === "en") {
    const foreign = (e) => e && e.closest("[lang|=zh]:not(html)");
    const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walk.nextNode()) {
      const parent = walk.currentNode.parentElement;
      const left = without(walk.currentNode.data);
      if (/[\u3000-\u9fff\uff00-\uffef]/.test(left) && shown(parent) && !foreign(parent) && !parent.closest("pre")) faults.push(`Chinese: ${left.trim()}`);
    }
    if (/[\u3000-\u9fff\uff00-\uffef]/.test(without(document.title))) faults.push(`Chinese title: ${document.title}`);
  } else {
    for (const found of text.match(/[\u4e00-\u9fff][,;:?!]|[\u4e00-\u9fff]\.(\s|$)/g) ?? []) faults.push(`half-width mark: ${found}`);
  }
  return faults;
}
